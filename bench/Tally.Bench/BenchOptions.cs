namespace Tally.Bench;

/// <summary>What a bench is asked for.</summary>
/// <param name="Json">Print JSON; otherwise Markdown.</param>
/// <param name="Rounds">How many rounds, alternating over all that is compared.</param>
/// <param name="Seconds">About how long one measurement lasts.</param>
internal sealed record BenchOptions(bool Json, int Rounds, int Seconds)
{
    /// <summary>How many results lie unrelayed in the bench <c>backlog</c>.</summary>
    public int Backlog { get; init; } = 20_000_000;

    /// <summary>How many seconds of load lie between taking a snapshot and measuring, in the bench <c>held-snapshot</c>.</summary>
    public int Load { get; init; } = 60;

    /// <summary>How many times each lease is renewed in between, in the same bench.</summary>
    public int Renewals { get; init; } = 10_000;

    /// <summary>An earlier result, as <c>--json</c> printed it, to compare this one with; null for none.</summary>
    public string? Compare { get; init; }

    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions(Json: false, Rounds: 5, Seconds: 4);
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--json" => options with { Json = true },
                "--markdown" => options with { Json = false },
                "--compare" when i + 1 < args.Length => options with { Compare = args[++i] },
                "--rounds" => options with { Rounds = Number(args, ref i, 1, 50) },
                "--seconds" => options with { Seconds = Number(args, ref i, 1, 120) },
                "--backlog" => options with { Backlog = Number(args, ref i, 1_000, 200_000_000) },
                "--load" => options with { Load = Number(args, ref i, 1, 600) },
                "--renewals" => options with { Renewals = Number(args, ref i, 1, 100_000) },
                _ => throw Wrong(args[i]),
            };
        }

        return options;
    }

    public static int Usage()
    {
        Console.Error.WriteLine(
            """
            Usage: Tally.Bench grpc | durable | whole-way | keys | telemetry | scrapes | drain | relay-plain | backlog | held-snapshot
                               | instances | brokers | history | headers
                               [--json | --markdown] [--rounds N] [--seconds N] [--compare BASE]
                   Tally.Bench compare BASE NOW
              --compare      an earlier result, as --json printed it: says what changed by more than noise, and ends with 1 when something got worse
              backlog        [--backlog N]                how many results lie unrelayed (20000000)
              held-snapshot  [--load N] [--renewals N]    seconds of load (60) and renewals of each lease (10000) before a measurement
            """);
        return 2;
    }

    private static int Number(string[] args, ref int at, int least, int most)
    {
        var name = args[at++];
        return at < args.Length && int.TryParse(args[at], out var number) && number >= least && number <= most ? number : throw Wrong(name);
    }

    private static FormatException Wrong(string option) => new(
        $"'{option}' is no option of a bench, or its value is wrong. Allowed: --json, --markdown, --compare FILE, --rounds 1 to 50, --seconds 1 to 120, "
        + "--backlog 1000 to 200000000, --load 1 to 600, --renewals 1 to 100000.");
}
