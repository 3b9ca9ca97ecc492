using Npgsql;

namespace Tally;

/// <summary>What a PostgreSQL server promises to this role and database.</summary>
/// <param name="Version">As server_version_num: 180004 is 18.4.</param>
/// <param name="FSync">The setting fsync.</param>
/// <param name="SynchronousCommit">The setting synchronous_commit, as this role has it.</param>
/// <param name="FullPageWrites">The setting full_page_writes.</param>
/// <param name="Encoding">The database's encoding.</param>
/// <param name="Isolation">The setting default_transaction_isolation, as this role has it.</param>
/// <param name="Role">The role.</param>
/// <param name="Database">The database.</param>
/// <param name="SchemaExists">Whether the schema is there.</param>
/// <param name="MayCreate">Whether the role may create in the schema, or the schema where it's missing.</param>
internal sealed record ServerFacts(
    int Version,
    string FSync,
    string SynchronousCommit,
    string FullPageWrites,
    string Encoding,
    string Isolation,
    string Role,
    string Database,
    bool SchemaExists,
    bool MayCreate)
{
    /// <summary>Asks for it all. <c>$1</c> is the schema's quoted name.</summary>
    public const string Query =
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
        """;

    private const int OldestVersion = 14;
    private const int VersionUnit = 10_000;

    /// <summary>Takes over the one row of <see cref="Query"/>.</summary>
    public static ServerFacts Read(NpgsqlDataReader row) => new(
        row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7),
        row.GetBoolean(8), row.GetBoolean(9));

    /// <summary>What takes away the promise that what was confirmed survives a crash; empty when nothing does.</summary>
    public IEnumerable<UnsafeSetting> FindUnsafe() => UnsafeSetting.Among(FSync, SynchronousCommit, FullPageWrites);

    /// <summary>What nothing can be kept with, a sentence each; empty when nothing.</summary>
    /// <param name="section">The section of the settings, to name the one of the schema.</param>
    /// <param name="schema">The schema.</param>
    public IEnumerable<string> FindUnusable(string section, string schema)
    {
        if (Version < OldestVersion * VersionUnit)
        {
            yield return $"PostgreSQL's version is {Version / VersionUnit}; allowed: {OldestVersion} or later.";
        }

        if (Encoding != "UTF8")
        {
            yield return $"The encoding of the database '{Database}' is {Encoding}; allowed: UTF8.";
        }

        if (Isolation != "read committed")
        {
            yield return $"PostgreSQL's default_transaction_isolation is '{Isolation}' for the role '{Role}'; allowed: read committed. "
                + "(ALTER ROLE … SET default_transaction_isolation sets it for one role.)";
        }

        if (!MayCreate)
        {
            yield return SchemaExists
                ? $"The role '{Role}' may not make tables in the schema '{schema}' ({section}:Schema); allowed: a role with CREATE and USAGE on it."
                : $"The role '{Role}' may not make the schema '{schema}' ({section}:Schema) in the database '{Database}'; allowed: a role with CREATE on the database.";
        }
    }
}
