using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands.Chaos;

/// <summary>Brings about what steady load alone does not.</summary>
internal static class Provocation
{
    private const int Results = 100;
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Has the shards of a Calculator published again, over and over, until that is enough.</summary>
    /// <param name="system">The system.</param>
    /// <param name="whom">The Calculator.</param>
    /// <param name="time">The clock.</param>
    /// <param name="enough">Cancelled when it is.</param>
    public static async Task RewindAsync(LocalSystem system, string whom, TimeProvider time, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            // Whoever answers: every Calculator takes the wish, and the shard's owner fulfils it.
            foreach (var address in system.AddressesOf(ServiceNames.Calculator, ComponentNames.Grpc))
            {
                using var channel = GrpcChannel.ForAddress(address);
                try
                {
                    await AskAsync(new Relay.RelayClient(channel), whom, enough);
                }
                catch (RpcException)
                {
                    // This one is away: it may be the one that is to die.
                }
            }

            await Task.Delay(AskAgain, time, enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task AskAsync(Relay.RelayClient relay, string whom, CancellationToken enough)
    {
        var reply = await relay.GetPositionsAsync(new GetPositionsRequest(), cancellationToken: enough);
        foreach (var shard in reply.Shards.Where(shard => shard.Owner.StartsWith(whom + "/", StringComparison.Ordinal) && shard.Committed.Sequence > 0))
        {
            var from = new Position { Shard = shard.Committed.Shard, Sequence = Math.Max(1, shard.Committed.Sequence - Results) };
            await relay.RewindAsync(from, cancellationToken: enough);
        }
    }
}
