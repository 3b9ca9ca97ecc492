namespace Tally.Outbox.Trimming;

/// <summary>Takes confirmations, and checks that they can be meant for this outbox.</summary>
internal sealed class ConsumerDesk(OutboxDatabase database, OutboxReader reader) : IOutboxConsumers
{
    public async Task ConfirmAsync(string consumer, Guid system, IReadOnlyList<OutboxConfirmation> held, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentNullException.ThrowIfNull(held);
        if (consumer.Length is 0 or > IOutboxConsumers.MaxNameLength)
        {
            throw new ArgumentException($"consumer has {consumer.Length} characters; allowed: 1 to {IOutboxConsumers.MaxNameLength}.", nameof(consumer));
        }

        if (consumer == ConsumerNames.None || consumer.Any(static letter => letter == ',' || char.IsControl(letter)) || consumer != consumer.Trim())
        {
            throw new ArgumentException(
                $"consumer can't be a name like this; allowed: no commas, no control characters, no blanks at its ends, and not '{ConsumerNames.None}'.", nameof(consumer));
        }

        var (mine, shards, _) = await reader.GetIdentityAsync(cancellationToken);
        if (system != mine)
        {
            throw new ArgumentException($"system is {system}; allowed: {mine}, which is this outbox.", nameof(system));
        }

        Check(held, shards);
        if (held.Count > 0)
        {
            await database.Consumers.ConfirmAsync(consumer, held, cancellationToken);
        }
    }

    private static void Check(IReadOnlyList<OutboxConfirmation> held, int shards)
    {
        var seen = new HashSet<int>();
        for (var i = 0; i < held.Count; i++)
        {
            var (shard, epoch, sequence) = held[i];
            if (shard < 0 || shard >= shards)
            {
                throw new ArgumentException($"positions[{i}].shard is {shard}; allowed: 0 to {shards - 1}.", nameof(held));
            }

            if (epoch is < 0 or > IOutboxConsumers.MaxNumber)
            {
                throw new ArgumentException($"positions[{i}].epoch is {epoch}; allowed: 0 to {IOutboxConsumers.MaxNumber}.", nameof(held));
            }

            if (sequence is < 0 or > IOutboxConsumers.MaxNumber)
            {
                throw new ArgumentException($"positions[{i}].sequence is {sequence}; allowed: 0 to {IOutboxConsumers.MaxNumber}.", nameof(held));
            }

            if (!seen.Add(shard))
            {
                throw new ArgumentException($"positions[{i}].shard is {shard} for the second time; allowed: each shard once.", nameof(held));
            }
        }
    }
}
