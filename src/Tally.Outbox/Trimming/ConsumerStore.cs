using Npgsql;
using NpgsqlTypes;
using Tally.Outbox.Schema;

namespace Tally.Outbox.Trimming;

/// <summary>What consumers hold.</summary>
internal sealed class ConsumerStore(NpgsqlDataSource dataSource, SegmentStore segments)
{
    /// <summary>
    /// Notes what a consumer holds. Never goes back: a call that was overtaken changes nothing. Epochs decide first, since a consumer that took a new
    /// history over may hold less of it than it held of the old one.
    /// </summary>
    public async Task ConfirmAsync(string consumer, IReadOnlyList<OutboxConfirmation> held, CancellationToken cancellationToken)
    {
        // In one order, so that two calls don't wait for each other.
        await using var command = dataSource.CreateCommand(
            $"""
            INSERT INTO {segments.Schema}.consumers AS c (consumer, shard, epoch, sequence)
            SELECT $1, held.shard, held.epoch, held.sequence FROM unnest($2, $3, $4) AS held(shard, epoch, sequence) ORDER BY held.shard
            ON CONFLICT (consumer, shard) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence, confirmed_at = clock_timestamp()
            WHERE (c.epoch, c.sequence) <= (excluded.epoch, excluded.sequence)
            """);
        command.Parameters.Add(new() { Value = consumer });
        command.Parameters.Add(new() { Value = held.Select(at => at.Shard).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
        command.Parameters.Add(new() { Value = held.Select(at => at.Epoch).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = held.Select(at => at.Sequence).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
