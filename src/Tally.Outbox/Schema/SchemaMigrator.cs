using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Outbox.Schema;

/// <summary>What the database says about itself.</summary>
internal sealed record OutboxIdentity(Guid System, int Shards, long SegmentSize);

/// <summary>Makes the tables, or brings them to this version. Safe when several instances start at once.</summary>
internal sealed class SchemaMigrator(NpgsqlDataSource dataSource, OutboxOptions options, SegmentStore segments)
{
    private const int CurrentVersion = 6;

    /// <summary>
    /// Everything happens in one transaction under an advisory lock: a crash in the middle leaves nothing half-made, and a second instance
    /// waits, then finds the work done.
    /// </summary>
    /// <exception cref="OptionsValidationException">The database doesn't fit the options or this version.</exception>
    public async Task<OutboxIdentity> MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(hashtextextended('tally.outbox.' || $1, 0))", cancellationToken, options.Schema);
        await ExecuteAsync(connection, $"CREATE SCHEMA IF NOT EXISTS {segments.Schema}", cancellationToken);

        var (identity, version) = await ReadIdentityAsync(connection, cancellationToken) ?? await CreateAsync(connection, cancellationToken);
        await UpgradeAsync(connection, version, cancellationToken);
        if (options.Shards < identity.Shards)
        {
            throw Refused(
                $"{OutboxOptions.Section}:Shards is '{options.Shards}', but the database has {identity.Shards} shards already; allowed: {identity.Shards} to 128.");
        }

        if (version > CurrentVersion && options.Shards > identity.Shards)
        {
            // What else a shard needs in newer tables, only the newer program knows.
            throw Refused(
                $"{OutboxOptions.Section}:Shards is '{options.Shards}', but the database has {identity.Shards} shards, and its tables have version {version}; "
                + $"allowed: {identity.Shards}. Use a newer program to raise it.");
        }

        await segments.AddShardsAsync(connection, identity.Shards, options.Shards, identity.SegmentSize, cancellationToken);
        await ExecuteAsync(connection, $"UPDATE {segments.Schema}.system SET shards = $1 WHERE shards < $1", cancellationToken, options.Shards);

        // Of a table that was never looked at the planner thinks that its dead rows are alive, and reads all of them.
        await ExecuteAsync(connection, $"ANALYZE {segments.Schema}.leases, {segments.Schema}.progress", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return identity with { Shards = options.Shards };
    }

    private async Task<(OutboxIdentity Identity, int Version)?> ReadIdentityAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", connection)
        {
            Parameters = { new() { Value = $"{segments.Schema}.system" } },
        };
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return null;
        }

        await using var command = new NpgsqlCommand(
            $"SELECT id, shards, segment_size, schema_version, coalesce((to_jsonb(s) ->> 'readable_by')::int, schema_version) FROM {segments.Schema}.system s", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var version = reader.GetInt32(3);

        // Newer tables will do when their own program says so: the instances of an upgrade follow one another, and an older one may be started again meanwhile.
        return version <= CurrentVersion || reader.GetInt32(4) <= CurrentVersion
            ? (new OutboxIdentity(reader.GetGuid(0), reader.GetInt32(1), reader.GetInt64(2)), version)
            : throw Refused(
                $"{OutboxOptions.Section}:Schema is '{options.Schema}', whose tables have version {version}; allowed: versions up to {CurrentVersion}. Use a newer program.");
    }

    /// <summary>Starting again can't help: it ends like any setting that is out of its limits.</summary>
    private static OptionsValidationException Refused(string fault) => new(Options.DefaultName, typeof(OutboxOptions), [fault]);

    private async Task<(OutboxIdentity Identity, int Version)> CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await ApplyAsync(connection, 1, cancellationToken);
        var identity = new OutboxIdentity(Guid.NewGuid(), Shards: 0, options.SegmentSize);
        await ExecuteAsync(
            connection,
            $"INSERT INTO {segments.Schema}.system (id, shards, segment_size, schema_version) VALUES ($1, 0, $2, 1)",
            cancellationToken,
            identity.System,
            identity.SegmentSize);
        return (identity, 1);
    }

    /// <summary>Applies what is newer than the version there, in order. A new database takes the same way, so that the way is tested.</summary>
    private async Task UpgradeAsync(NpgsqlConnection connection, int version, CancellationToken cancellationToken)
    {
        while (version < CurrentVersion)
        {
            await ApplyAsync(connection, ++version, cancellationToken);
            await ExecuteAsync(connection, $"UPDATE {segments.Schema}.system SET schema_version = $1", cancellationToken, version);
        }
    }

    private async Task ApplyAsync(NpgsqlConnection connection, int version, CancellationToken cancellationToken)
    {
        await using var stream = typeof(SchemaMigrator).Assembly.GetManifestResourceStream($"Tally.Outbox.Schema.V{version:000}.sql")!;
        using var text = new StreamReader(stream);
        var sql = await text.ReadToEndAsync(cancellationToken);
        await ExecuteAsync(connection, sql.Replace("{schema}", segments.Schema, StringComparison.Ordinal), cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new() { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
