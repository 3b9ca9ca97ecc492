namespace Tally.Outbox.Relaying;

/// <summary>Something that trying again can't mend: the shard stops, visibly, and the others go on.</summary>
internal sealed class ShardStoppedException(string reason) : Exception(reason)
{
    public static ShardStoppedException Missing(long first, long last) =>
        new(first == last ? $"result {first} is missing in the outbox table" : $"results {first} to {last} are missing in the outbox table");
}
