using Grpc.Net.Client;
using Tally.Contracts.V1;

namespace Tally.Bench.Load;

/// <summary>What a Calculator says of its shards.</summary>
internal static class Positions
{
    public static async Task<IReadOnlyList<ShardPosition>> OfAsync(Uri calculator)
    {
        using var channel = GrpcChannel.ForAddress(calculator);
        return (await new Relay.RelayClient(channel).GetPositionsAsync(new GetPositionsRequest())).Shards;
    }

    /// <summary>How many results are stored.</summary>
    public static async Task<long> CountAsync(Uri calculator) => (await OfAsync(calculator)).Sum(shard => shard.Committed.Sequence);

    /// <summary>How many results are stored that Kafka hasn't got.</summary>
    public static async Task<long> UnrelayedAsync(Uri calculator) => (await OfAsync(calculator)).Sum(shard => shard.Committed.Sequence - shard.Relayed);
}
