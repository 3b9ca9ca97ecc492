using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>Reads what the database holds of every shard.</summary>
internal sealed class PositionReader<TState>(string schema, Func<byte[], TState> load)
{
    // What was adopted comes with the position, in one statement: a total must never see one without the other.
    private readonly string _positions =
        $"""
        SELECT p.shard, p.generation, p.epoch, p.sequence, p.count, p.state, p.topic, p.partition, p.next_offset, p.topic_id, p.common_epoch,
               a.generation, a.epoch, a.from_sequence, a.to_sequence, a.count, a.state
        FROM {schema}.positions p LEFT JOIN {schema}.adopted a USING (shard)
        ORDER BY p.shard, a.generation
        """;

    private readonly string _source = $"SELECT system FROM {schema}.source";

    public async Task<StoredPositions<TState>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"{_positions}; {_source}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var shards = await ReadShardsAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return new StoredPositions<TState>(await reader.ReadAsync(cancellationToken) ? reader.GetGuid(0) : null, shards);
    }

    /// <summary>The same as one who looks at more, in a transaction of its own, sees it.</summary>
    public async Task<IReadOnlyList<ShardPosition<TState>>> ReadAsync(NpgsqlTransaction snapshot, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(_positions, snapshot.Connection, snapshot);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return (await ReadShardsAsync(reader, cancellationToken)).ConvertAll(static shard => shard.Position);
    }

    /// <summary>Of which outbox the events are; null before the first.</summary>
    public async Task<Guid?> ReadSystemAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(_source);
        return await command.ExecuteScalarAsync(cancellationToken) as Guid?;
    }

    private async Task<List<(ShardPosition<TState> Position, StoredPlace Place)>> ReadShardsAsync(NpgsqlDataReader row, CancellationToken cancellationToken)
    {
        var shards = new List<(ShardPosition<TState> Position, StoredPlace Place)>();
        while (await row.ReadAsync(cancellationToken))
        {
            if (shards.Count == 0 || shards[^1].Position.Shard != row.GetInt32(0))
            {
                shards.Add(ReadShard(row));
            }

            if (!await row.IsDBNullAsync(11, cancellationToken))
            {
                var (position, place) = shards[^1];
                shards[^1] = (position with { Adopted = [.. position.Adopted, ReadAdopted(row)] }, place);
            }
        }

        return shards;
    }

    private (ShardPosition<TState> Position, StoredPlace Place) ReadShard(NpgsqlDataReader row) => (
        new ShardPosition<TState>(
            row.GetInt32(0), row.GetInt32(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), load(row.GetFieldValue<byte[]>(5))),
        new StoredPlace(row.GetString(6), row.GetInt32(7), row.GetInt64(8), row.GetFieldValue<Guid?>(9), row.GetFieldValue<long?>(10)));

    private AdoptedBranch<TState> ReadAdopted(NpgsqlDataReader row) =>
        new(row.GetInt32(11), row.GetInt64(12), row.GetInt64(13), row.GetInt64(14), row.GetInt64(15), load(row.GetFieldValue<byte[]>(16)));
}
