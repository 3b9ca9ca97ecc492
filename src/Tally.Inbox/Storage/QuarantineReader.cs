using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>Reads what lies in the quarantine, with what was done with it.</summary>
internal sealed class QuarantineReader(string schema)
{
    private const int ListedBytes = 1024;
    private const int CountedAtMost = 10_001;

    private readonly string _list = $"""
        SELECT q.id, q.topic, q.partition, q."offset", substring(q.key FOR {ListedBytes}), substring(q.value FOR {ListedBytes}), q.reason, q.topic_id, q.seen_at,
               a.action, a.why, a.at
        FROM (SELECT * FROM {schema}.quarantine o
              WHERE o.id > $2 AND NOT EXISTS (SELECT FROM {schema}.quarantine_audit d WHERE d.id = o.id AND d.ends)
              ORDER BY o.id LIMIT $1) q
        LEFT JOIN {schema}.quarantine_audit a ON a.id = q.id
        ORDER BY q.id, a.at
        """;

    private readonly string _count = $"""
        SELECT count(*) FROM (
          SELECT FROM {schema}.quarantine o
          WHERE NOT EXISTS (SELECT FROM {schema}.quarantine_audit d WHERE d.id = o.id AND d.ends) LIMIT {CountedAtMost}) waiting
        """;

    private readonly string _find = $"""
        SELECT q.id, q.topic, q.partition, q."offset", q.key, q.value, q.reason, q.topic_id, q.seen_at, a.action, a.why, a.at
        FROM {schema}.quarantine q LEFT JOIN {schema}.quarantine_audit a ON a.id = q.id
        WHERE q.id = $1 ORDER BY a.at
        """;

    public async Task<IReadOnlyList<QuarantinedMessage>> ListAsync(NpgsqlDataSource database, int limit, long afterId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(_list);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = afterId });
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>How many wait for somebody's decision; no more are counted than there can be and still be told apart from "too many".</summary>
    public async Task<long> CountAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(_count);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<QuarantinedMessage?> FindAsync(NpgsqlDataSource database, long id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(_find);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        return (await ReadAsync(command, cancellationToken)).FirstOrDefault();
    }

    private static async Task<List<QuarantinedMessage>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var messages = new List<QuarantinedMessage>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            if (messages.Count == 0 || messages[^1].Id != row.GetInt64(0))
            {
                messages.Add(new QuarantinedMessage(
                    row.GetInt64(0), row.GetString(1), row.GetInt32(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4), row.GetFieldValue<byte[]>(5),
                    row.GetString(6), row.GetFieldValue<Guid?>(7), row.GetFieldValue<DateTimeOffset>(8), []));
            }

            if (!await row.IsDBNullAsync(9, cancellationToken))
            {
                var action = new QuarantineAction(row.GetString(9), row.GetString(10), row.GetFieldValue<DateTimeOffset>(11));
                messages[^1] = messages[^1] with { Actions = [.. messages[^1].Actions, action] };
            }
        }

        return messages;
    }
}
