using Microsoft.Extensions.Options;
using Npgsql;

namespace Tally.Inbox.Storage;

/// <summary>The inbox's own tables. Made at start by whichever instance comes first; the others wait for it and find everything there.</summary>
/// <param name="schema">The schema as it stands in statements.</param>
internal sealed class InboxSchema(string schema)
{
    /// <summary>The version that this code reads and writes.</summary>
    public const int Version = 3;

    public void Migrate(NpgsqlConnection connection, Action<NpgsqlTransaction> alsoPrepare)
    {
        using var transaction = connection.BeginTransaction();
        // Until the end of the transaction: one instance at a time, whatever else is in the database.
        Run("SELECT pg_advisory_xact_lock(hashtextextended('tally.inbox:' || current_database() || ':' || @schema, 0))");
        Run($"CREATE SCHEMA IF NOT EXISTS {schema}");
        Run($"CREATE TABLE IF NOT EXISTS {schema}.schema_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version int NOT NULL)");
        var (found, readableBy) = ReadVersion();

        // Newer tables will do when their own program says so: the instances of an upgrade follow one another, and an older one may be started again meanwhile.
        if (found > Version && readableBy > Version)
        {
            // Trying again can't help: it ends like any setting that is out of its limits.
            throw new OptionsValidationException(
                Options.DefaultName,
                typeof(InboxOptions),
                [$"{InboxOptions.Section}:Schema is '{schema.Trim('"')}', whose tables have version {found}; allowed: versions up to {Version}. Use a newer program."]);
        }

        if (found < 1)
        {
            Run(First);
        }

        if (found < 2)
        {
            Run(Second);
        }

        if (found < 3)
        {
            Run(Third);
        }

        Run($"INSERT INTO {schema}.schema_version (version) VALUES ({Version}) ON CONFLICT (one) DO UPDATE SET version = {Version} WHERE schema_version.version < {Version}");
        alsoPrepare(transaction);
        transaction.Commit();

        void Run(string sql)
        {
            using var command = new NpgsqlCommand(sql, connection, transaction);
            if (sql.Contains("@schema", StringComparison.Ordinal))
            {
                command.Parameters.AddWithValue("schema", schema.Trim('"'));
            }

            command.ExecuteNonQuery();
        }

        (int Version, int ReadableBy) ReadVersion()
        {
            using var command = new NpgsqlCommand(
                $"SELECT version, coalesce((to_jsonb(v) ->> 'readable_by')::int, version) FROM {schema}.schema_version v", connection, transaction);
            using var reader = command.ExecuteReader();
            return reader.Read() ? (reader.GetInt32(0), reader.GetInt32(1)) : (0, 0);
        }
    }

    // The primary key of folds is what keeps two instances from folding the same event twice. Rows are only added; the last one of a shard is
    // its position. Lookups come from the right end of the index, so rows that were removed but not yet vacuumed are never walked over.
    private string First => $"""
        CREATE TABLE {schema}.source (
          one boolean PRIMARY KEY DEFAULT true CHECK (one),
          system uuid NOT NULL);

        CREATE TABLE {schema}.folds (
          shard int NOT NULL,
          generation int NOT NULL,
          from_sequence bigint NOT NULL,
          to_sequence bigint NOT NULL,
          epoch bigint NOT NULL,
          state bytea NOT NULL,
          count bigint NOT NULL,
          topic text NOT NULL,
          partition int NOT NULL,
          next_offset bigint NOT NULL,
          committed_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (shard, generation, from_sequence),
          CHECK (to_sequence >= from_sequence));

        CREATE VIEW {schema}.positions AS
          WITH RECURSIVE shards AS (
            SELECT max(shard) AS shard FROM {schema}.folds
            UNION ALL
            SELECT (SELECT max(f.shard) FROM {schema}.folds f WHERE f.shard < s.shard) FROM shards s WHERE s.shard IS NOT NULL)
          SELECT l.* FROM shards s CROSS JOIN LATERAL (
            SELECT f.shard, f.generation, f.epoch, f.to_sequence AS sequence, f.count, f.state, f.topic, f.partition, f.next_offset, f.committed_at
            FROM {schema}.folds f WHERE f.shard = s.shard ORDER BY f.generation DESC, f.from_sequence DESC LIMIT 1) l;

        CREATE TABLE {schema}.quarantine (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          topic text NOT NULL,
          partition int NOT NULL,
          "offset" bigint NOT NULL,
          key bytea NOT NULL,
          value bytea NOT NULL,
          reason text NOT NULL,
          seen_at timestamptz NOT NULL DEFAULT now());

        CREATE UNIQUE INDEX quarantine_once ON {schema}.quarantine (topic, partition, "offset", md5(key), md5(value));
        """;

    // Forks and repairs. A fold knows which topic of its name it was read from. A generation begins with a row that holds no event of its own; while it
    // is the last one, common_epoch says in which epoch the outbox holds the event at its sequence.
    private string Second => $"""
        ALTER TABLE {schema}.folds ADD COLUMN topic_id uuid, ADD COLUMN common_epoch bigint;

        CREATE TABLE {schema}.adopted (
          shard int NOT NULL,
          generation int NOT NULL,
          epoch bigint NOT NULL,
          from_sequence bigint NOT NULL,
          to_sequence bigint NOT NULL,
          count bigint NOT NULL,
          state bytea NOT NULL,
          adopted_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (shard, generation));

        CREATE OR REPLACE VIEW {schema}.positions AS
          WITH RECURSIVE shards AS (
            SELECT max(shard) AS shard FROM {schema}.folds
            UNION ALL
            SELECT (SELECT max(f.shard) FROM {schema}.folds f WHERE f.shard < s.shard) FROM shards s WHERE s.shard IS NOT NULL)
          SELECT l.* FROM shards s CROSS JOIN LATERAL (
            SELECT f.shard, f.generation, f.epoch, f.to_sequence AS sequence, f.count, f.state, f.topic, f.partition, f.next_offset, f.committed_at,
                   f.topic_id, f.common_epoch
            FROM {schema}.folds f WHERE f.shard = s.shard ORDER BY f.generation DESC, f.from_sequence DESC LIMIT 1) l;

        ALTER TABLE {schema}.quarantine ADD COLUMN topic_id uuid;

        CREATE TABLE {schema}.quarantine_audit (
          id bigint NOT NULL REFERENCES {schema}.quarantine,
          action text NOT NULL CHECK (action IN ('replay', 'discard')),
          why text NOT NULL,
          ends boolean NOT NULL,
          at timestamptz NOT NULL DEFAULT now());

        CREATE INDEX quarantine_audit_of ON {schema}.quarantine_audit (id, at);

        -- A message is decided on once.
        CREATE UNIQUE INDEX quarantine_decided ON {schema}.quarantine_audit (id) WHERE ends;
        """;

    // The oldest version whose programs work with these tables as they are now. A migration that they could not bear raises it.
    private string Third => $"ALTER TABLE {schema}.schema_version ADD COLUMN readable_by int NOT NULL DEFAULT 2;";
}
