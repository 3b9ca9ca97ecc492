using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;

namespace Tally.Telemetry;

/// <summary>
/// What the runtime's own meter (System.Runtime: <c>dotnet.process.cpu.time</c>, <c>dotnet.process.memory.working_set</c> …) doesn't say about the
/// process: which build it is, since when it runs, and how many files it holds open.
/// </summary>
internal sealed class ProcessMetrics
{
    public const string MeterName = "Tally.Process";

    private const string OpenFiles = "/proc/self/fd";

    private readonly DateTimeOffset _started;
    private readonly TimeProvider _time;

    public ProcessMetrics(IMeterFactory factory, ServiceIdentity identity, TimeProvider time)
    {
        _time = time;
        using (var process = Process.GetCurrentProcess())
        {
            _started = new DateTimeOffset(process.StartTime);
        }

        var meter = factory.Create(MeterName);
        var build = new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("version", identity.Version),
            new KeyValuePair<string, object?>("runtime", RuntimeInformation.FrameworkDescription));
        meter.CreateObservableGauge("tally.build_info", () => build, description: "Always 1; the labels say which build runs.");
        meter.CreateObservableGauge("process.uptime", Uptime, "s", "How long the process has been running.");
        if (OperatingSystem.IsLinux())
        {
            meter.CreateObservableUpDownCounter(
                "process.unix.file_descriptor.count", CountOpenFiles, "{file_descriptor}", "Files and sockets that the process holds open.");
        }
    }

    private static long CountOpenFiles() => Directory.EnumerateFileSystemEntries(OpenFiles).LongCount();

    private double Uptime() => (_time.GetUtcNow() - _started).TotalSeconds;
}
