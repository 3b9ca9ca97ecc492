using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Outbox.Schema;

/// <summary>Asks the server whether it keeps what the outbox promises, before anything is stored there.</summary>
internal sealed class ServerChecks(NpgsqlDataSource dataSource, OutboxOptions options, SegmentStore segments)
{
    /// <summary>Refuses a server that the outbox can't work with, or that may lose what it has confirmed.</summary>
    /// <returns>What is unsafe and was allowed by <see cref="OutboxOptions.Unsafe"/>; mostly nothing.</returns>
    /// <exception cref="OptionsValidationException">Each setting that is wrong, with its value and what is allowed.</exception>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var facts = await ReadAsync(cancellationToken);
        var hazards = facts.FindUnsafe().ToList();
        var faults = facts.FindUnusable(options.Schema).ToList();
        if (!options.Unsafe)
        {
            faults.AddRange(hazards.Select(hazard =>
                $"PostgreSQL's {hazard.Name} is {hazard.Value}; allowed: {hazard.Allowed}. A crash of the server may lose results that were answered, or damage its files. "
                + "(Outbox:Unsafe=true starts all the same.)"));
        }

        return faults.Count == 0
            ? [.. hazards.Select(hazard => hazard.ToString())]
            : throw new OptionsValidationException(OutboxOptions.Section, typeof(OutboxOptions), faults);
    }

    private async Task<ServerFacts> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(
            """
            SELECT current_setting('server_version_num')::int,
                   current_setting('fsync'),
                   current_setting('synchronous_commit'),
                   current_setting('full_page_writes'),
                   current_setting('server_encoding'),
                   current_setting('default_transaction_isolation'),
                   current_user::text,
                   current_database()::text,
                   to_regnamespace($1) IS NOT NULL,
                   CASE WHEN to_regnamespace($1) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                        ELSE has_schema_privilege(to_regnamespace($1), 'CREATE') AND has_schema_privilege(to_regnamespace($1), 'USAGE') END
            """);
        command.Parameters.Add(new() { Value = segments.Schema });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new ServerFacts(
            reader.GetInt32(0),
            reader.GetString(1),
            reader.GetString(2),
            reader.GetString(3),
            reader.GetString(4),
            reader.GetString(5),
            reader.GetString(6),
            reader.GetString(7),
            reader.GetBoolean(8),
            reader.GetBoolean(9));
    }
}
