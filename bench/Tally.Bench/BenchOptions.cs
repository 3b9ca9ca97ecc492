namespace Tally.Bench;

/// <summary>What a bench is asked for.</summary>
/// <param name="Json">Print JSON; otherwise Markdown.</param>
/// <param name="Rounds">How many rounds, alternating over all that is compared.</param>
/// <param name="Seconds">About how long one measurement lasts.</param>
internal sealed record BenchOptions(bool Json, int Rounds, int Seconds)
{
    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions(Json: false, Rounds: 5, Seconds: 4);
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--json" => options with { Json = true },
                "--markdown" => options with { Json = false },
                "--rounds" when Number(args, i + 1, 1, 50) is { } rounds => options with { Rounds = rounds },
                "--seconds" when Number(args, i + 1, 1, 120) is { } seconds => options with { Seconds = seconds },
                _ when i > 0 && args[i - 1] is "--rounds" or "--seconds" => options,
                _ => throw new FormatException($"'{args[i]}' is no option of a bench, or its value is wrong. Allowed: --json, --markdown, --rounds 1 to 50, --seconds 1 to 120."),
            };
        }

        return options;
    }

    public static int Usage()
    {
        Console.Error.WriteLine("Usage: Tally.Bench whole-way | keys | drain [--json | --markdown] [--rounds N] [--seconds N]");
        return 2;
    }

    private static int? Number(string[] args, int at, int least, int most) =>
        at < args.Length && int.TryParse(args[at], out var number) && number >= least && number <= most ? number : null;
}
