using System.Net.Sockets;
using Tally.AppHost.Hosting;
using Tally.Bench.Figures;
using Tally.Bench.Load;
using Tally.Bench.Servers;

namespace Tally.Bench;

/// <summary>
/// Whether being looked at by too many slows adds: in alternating rounds the same calls to a Calculator, alone, while a thousand ask for its metrics at the same
/// instants, and while a hundred have asked for them and hardly read.
/// </summary>
internal sealed class Scrapes(BenchOptions options, LocalSystem system, Generator generator, ServerProcess server)
{
    private const string Alone = "alone";
    private const string AtOnce = "at_once";
    private const string Slow = "slow_readers";
    private const int Scrapers = 1_000;
    private const int SlowReaders = 100;

    /// <summary>As often as Prometheus usually asks.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan SlowReadPause = TimeSpan.FromSeconds(1);
    private static readonly byte[] Question = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray();

    private readonly RoundFigures _rounds = new();

    public static async Task<int> RunAsync(BenchOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("tally-bench-").FullName;
        var settings = SystemSettings.FromEnvironment(folder) with { Ports = WantedPorts.Free, Temporary = true, Parts = SystemParts.Postgres };
        await using var system = await LocalSystem.StartAsync(settings, new ErrorReporter(), CancellationToken.None);
        await using var server = await DurableServer.StartAsync(system);
        var result = await new Scrapes(options, system, new Generator(), server).MeasureAsync();
        return result.Tell(options);
    }

    private async Task<BenchResult> MeasureAsync()
    {
        // Warm-up, which also chooses the number of calls.
        await generator.SendAsync(server.Address, 50_000);
        var calls = (long)(await generator.SendAsync(server.Address, 100_000) * options.Seconds);
        string[] kinds = [Alone, AtOnce, Slow];
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var kind in round % 2 == 0 ? kinds : kinds.Reverse())
            {
                await RoundAsync(kind, calls);
            }

            await Console.Error.WriteLineAsync($"round {round + 1} of {options.Rounds}: {_rounds.Last()}");
        }

        foreach (var kind in new[] { AtOnce, Slow })
        {
            _rounds.AddAll($"{kind}_ratio", _rounds[kind].Zip(_rounds[Alone], (a, b) => a / b), "ratio");
            _rounds.AddAll($"{kind}_cpu_ratio", _rounds[$"{Alone}_cpu"].Zip(_rounds[$"{kind}_cpu"], (a, b) => a / b), "ratio");
        }

        _rounds.Add("calculator_memory", Machine.PeakMegabytes(server.Pid), "MB");
        return new BenchResult(
            "scrapes",
            Machine.Commit(),
            Machine.Describe(),
            generator.Name,
            Kafka: "not used",
            options.Rounds,
            Echo: null,
            DurableRatio: null,
            WholeWayRatio: null,
            _rounds.ToFigures());
    }

    private async Task RoundAsync(string kind, long calls)
    {
        using var end = new CancellationTokenSource();
        var cpu = new CpuMeter(("calculator", server.Pid), ("postgres", system.State.Components["postgres"].Pid!.Value));
        var looking = kind switch
        {
            AtOnce => ScrapeAtOnceAsync(end.Token),
            Slow => Task.WhenAll(Enumerable.Range(0, SlowReaders).Select(_ => ScrapeAsync(SlowReadPause, end.Token))),
            _ => Task.CompletedTask,
        };
        _rounds.Add(kind, await generator.SendAsync(server.Address, calls), "calls/s");
        cpu.AddTo(_rounds, kind, calls);
        await end.CancelAsync();
        await looking;
    }

    private async Task ScrapeAtOnceAsync(CancellationToken end)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                await Task.WhenAll(Enumerable.Range(0, Scrapers).Select(_ => ScrapeAsync(pause: TimeSpan.Zero, end)));
            }
            while (await timer.WaitForNextTickAsync(end));
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }

    /// <summary>Asks once and reads the answer; with a pause behind each 100 bytes, and a small window, what isn't read stays with the server.</summary>
    private async Task ScrapeAsync(TimeSpan pause, CancellationToken end)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        if (pause > TimeSpan.Zero)
        {
            socket.ReceiveBufferSize = 2_048;
        }

        try
        {
            await socket.ConnectAsync(server.Http.Host, server.Http.Port, end);
            await socket.SendAsync(Question, end);
            var buffer = new byte[pause > TimeSpan.Zero ? 100 : 65_536];
            while (await socket.ReceiveAsync(buffer, end) > 0)
            {
                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, end);
                }
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException)
        {
            // The round is over; or the server refused what was too much, as it may.
        }
    }
}
