namespace Tally.Bench.Figures;

/// <summary>Measures what parts of the system use from now on. Other work on the machine disturbs that less than it disturbs a speed.</summary>
internal sealed class CpuMeter
{
    private readonly (string Part, int Pid, double Before)[] _parts;

    public CpuMeter(params (string Part, int Pid)[] parts) =>
        _parts = [.. parts.Select(part => (part.Part, part.Pid, Machine.CpuSeconds(part.Pid)))];

    /// <summary>CPU µs a result, of each part and of all together. A part may have several processes.</summary>
    public void AddTo(RoundFigures rounds, string name, long results)
    {
        var sum = 0.0;
        foreach (var part in _parts.GroupBy(part => part.Part, StringComparer.Ordinal))
        {
            var each = part.Sum(process => Machine.CpuSeconds(process.Pid) - process.Before) * 1e6 / results;
            rounds.Add($"{name}_{part.Key}_cpu", each, "µs/result");
            sum += each;
        }

        rounds.Add($"{name}_cpu", sum, "µs/result");
    }
}
