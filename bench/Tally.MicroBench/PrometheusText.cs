using System.Buffers;
using BenchmarkDotNet.Attributes;
using Tally.Telemetry.Prometheus;

namespace Tally.MicroBench;

/// <summary>
/// The text of a scrape, without collecting: about as many series as a Calculator with eight shards has, a sixth of them histograms. An operation is one series.
/// </summary>
public class PrometheusText
{
    private const int Counters = 40;
    private const int Histograms = 8;
    private const int Shards = 8;
    private static readonly double[] Bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Family[] _families =
    [
        .. Enumerable.Range(0, Counters).Select(number => FamilyOf(FamilyType.Counter, $"tally_things_{number}", "", shard => new Series(shard, 1_234_567L * number))),
        .. Enumerable.Range(0, Histograms).Select(number => FamilyOf(
            FamilyType.Histogram,
            $"tally_times_{number}_seconds",
            "seconds",
            shard => new Series(shard, 0L, new Distribution(Bounds, [.. Enumerable.Range(0, Bounds.Length + 1).Select(bucket => bucket * 1_000L)], 12.345678, [])))),
    ];

    [Params(nameof(TextFormat.Classic), nameof(TextFormat.OpenMetrics))]
    public string Input { get; set; } = "";

    [Benchmark(OperationsPerInvoke = (Counters + Histograms) * Shards)]
    public int Write()
    {
        _buffer.ResetWrittenCount();
        var writer = new MetricsWriter(_buffer, Enum.Parse<TextFormat>(Input));
        foreach (var family in _families)
        {
            writer.Write(family);
        }

        writer.WriteEnd();
        return _buffer.WrittenCount;
    }

    private static Family FamilyOf(FamilyType type, string name, string unit, Func<string, Series> seriesOf)
    {
        var family = new Family(name, type, unit, "How much of it there is.");
        family.Series.AddRange(Enumerable.Range(0, Shards).Select(shard => seriesOf($"instance=\"calculator-1\",shard=\"{shard}\"")));
        return family;
    }
}
