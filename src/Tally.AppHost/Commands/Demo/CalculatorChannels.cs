using Grpc.Net.Client;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands.Demo;

/// <summary>Connections to all Calculators, shared by callers.</summary>
internal sealed class CalculatorChannels : IDisposable
{
    /// <summary>An HTTP/2 connection carries 100 calls at once; a few callers share one.</summary>
    private const int CallersPerChannel = 32;

    // One row a Calculator, one column a connection.
    private readonly GrpcChannel[][] _channels;

    /// <param name="addresses">Where the Calculators listen.</param>
    /// <param name="callers">How many callers there are: any of them may come to any Calculator.</param>
    /// <param name="callersPerChannel">How many callers share a connection.</param>
    public CalculatorChannels(IReadOnlyList<string> addresses, int callers, int callersPerChannel = CallersPerChannel)
    {
        var perCalculator = (callers + callersPerChannel - 1) / callersPerChannel;
        _channels = [.. addresses.Select(address => Enumerable.Range(0, perCalculator).Select(_ => GrpcChannel.ForAddress(address)).ToArray())];
    }

    /// <summary>A caller's clients, one a Calculator: first its own, then those it moves to. Callers are spread evenly.</summary>
    /// <param name="caller">Which caller, from 0.</param>
    public IReadOnlyList<Calculator.CalculatorClient> ClientsOf(int caller) =>
    [
        .. Enumerable.Range(0, _channels.Length)
            .Select(step => _channels[(caller + step) % _channels.Length])
            .Select(channels => new Calculator.CalculatorClient(channels[caller / _channels.Length % channels.Length])),
    ];

    public void Dispose()
    {
        foreach (var channel in _channels.SelectMany(channels => channels))
        {
            channel.Dispose();
        }
    }
}
