using BenchmarkDotNet.Attributes;

namespace Tally.MicroBench;

/// <summary>Amounts as they come and go on the wire: a short one, and the longest that a caller may send.</summary>
public class Amounts
{
    private const int Sums = 1_000;
    private readonly byte[] _utf8 = new byte[Amount.MaxLength];
    private readonly Amount[] _amounts = new Amount[Sums];
    private Amount _amount;

    [Params("42", "-123456789012345678.123456789")]
    public string Input { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        _amount = Parse();
        Array.Fill(_amounts, _amount);
    }

    [Benchmark]
    public Amount Parse() => Amount.TryParse(Input, out var amount) ? amount : throw new InvalidDataException($"{Input} is no amount.");

    [Benchmark]
    public int Format()
    {
        _amount.TryFormat(_utf8, out var length);
        return length;
    }

    [Benchmark]
    public string FormatToText() => _amount.ToString();

    /// <summary>A single one is too short to be measured.</summary>
    [Benchmark(OperationsPerInvoke = Sums)]
    public Amount Add()
    {
        var total = Amount.Zero;
        foreach (var amount in _amounts)
        {
            total += amount;
        }

        return total;
    }
}
