using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Tally.Telemetry.Tests;

public class PromtoolTests
{
    [ProgramFact("promtool", "prometheus")]
    public async Task Promtool_finds_nothing_to_complain_about()
    {
        await using var service = await TestService.StartAsync();
        var meter = service.Meter;
        meter.CreateCounter<long>("calls", "{call}", "Calls \"quoted\",\nand \\ more.").Add(1, new KeyValuePair<string, object?>("odd", "a\"b\\c\nd€"));
        meter.CreateCounter<double>("cpu.time", "s", "Time.").Add(1.5);
        meter.CreateUpDownCounter<long>("lease.count", "{lease}", "Leases.").Add(1);
        meter.CreateHistogram<double>("wait", "s", "Waiting.").Record(0.1, new KeyValuePair<string, object?>("le", "x"));
        meter.CreateHistogram("size", "By", "Size.", [], new InstrumentAdvice<long> { HistogramBucketBoundaries = [] }).Record(1);
        meter.CreateGauge<double>("strange", description: "No number.").Record(double.NaN);
        meter.CreateGauge<double>("endless", description: "Infinite.").Record(double.NegativeInfinity);

        var (exitCode, said) = await CheckAsync(await service.ScrapeAsync());

        Assert.Equal("", said);
        Assert.Equal(0, exitCode);
    }

    [ProgramFact("promtool", "prometheus")]
    public async Task Promtool_would_complain_if_there_were_something()
    {
        var (exitCode, said) = await CheckAsync("# TYPE x counter\nx 1\n");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("_total", said, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Said)> CheckAsync(string text)
    {
        var start = new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var promtool = Process.Start(start)!;
        var said = Task.WhenAll(promtool.StandardOutput.ReadToEndAsync(), promtool.StandardError.ReadToEndAsync());
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync().Within();
        return (promtool.ExitCode, string.Concat(await said.Within()));
    }
}
