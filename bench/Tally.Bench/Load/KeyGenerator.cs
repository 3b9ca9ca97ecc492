using System.Diagnostics;
using System.Globalization;

namespace Tally.Bench.Load;

/// <summary>What keys calls have.</summary>
internal enum KeyKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>UUIDs of version 7.</summary>
    Ordered,

    /// <summary>UUIDs of version 4.</summary>
    Random,
}

/// <summary>Sends adds with or without keys, as fast as they are answered, from a process of its own, and checks that each was stored.</summary>
internal static class KeyGenerator
{
    public const string Name = "own HTTP/2 client (h2load can't give each call a key of its own)";

    /// <summary>Sends so many calls.</summary>
    /// <returns>Calls per second, and how many seconds of CPU they cost the process that sent them.</returns>
    public static async Task<(double Speed, double Cpu)> SendAsync(Uri server, long calls, KeyKind keys)
    {
        var before = await Positions.CountAsync(server);
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, ["send-keys", server.ToString(), calls.ToString(CultureInfo.InvariantCulture), keys.ToString()])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var figures = (await process.StandardOutput.ReadToEndAsync()).Split(' ');
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The generator ended with exit code {process.ExitCode}.");
        }

        var stored = await Positions.CountAsync(server) - before;
        return stored == calls
            ? (calls / double.Parse(figures[0], CultureInfo.InvariantCulture), double.Parse(figures[1], CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"{calls} calls were answered, but {stored} results are stored.");
    }

    /// <summary>What the process of its own does: says how many seconds it took, of the clock and of the CPU.</summary>
    public static async Task<int> RunAsync(Uri server, long calls, KeyKind keys)
    {
        var began = Stopwatch.GetTimestamp();
        var each = calls / Generator.Connections;
        await Task.WhenAll(Enumerable.Range(0, Generator.Connections).Select(connection =>
        {
            var rest = connection == 0 ? calls % Generator.Connections : 0;
            return Task.Run(async () =>
            {
                using var client = new RawClient(server, keys, new Random());
                await client.RunAsync(each + rest, Generator.CallsUnderWay);
            });
        }));
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(began).TotalSeconds} {Environment.CpuUsage.TotalTime.TotalSeconds}"));
        return 0;
    }
}
