using BenchmarkDotNet.Attributes;
using Tally.Rpc.Wire;

namespace Tally.MicroBench;

/// <summary>The text of an error as <c>grpc-message</c> carries it: one that goes as it is, and one that has to be escaped.</summary>
public class GrpcMessage
{
    private string _encoded = "";

    [Params("a is too long; allowed: 1 to 18 digits.", "größer als 10 % – zu groß")]
    public string Input { get; set; } = "";

    [GlobalSetup]
    public void SetUp() => _encoded = Encode();

    [Benchmark]
    public string Encode() => PercentEncoding.Encode(Input);

    [Benchmark]
    public string Decode() => PercentEncoding.Decode(_encoded);
}
