namespace Tally.Outbox.Schema;

/// <summary>What a PostgreSQL server promises to this role and database.</summary>
/// <param name="Version">As server_version_num: 180004 is 18.4.</param>
/// <param name="FSync">The setting fsync.</param>
/// <param name="SynchronousCommit">The setting synchronous_commit, as this role has it.</param>
/// <param name="FullPageWrites">The setting full_page_writes.</param>
/// <param name="Encoding">The database's encoding.</param>
/// <param name="Isolation">The setting default_transaction_isolation, as this role has it.</param>
/// <param name="Role">The role.</param>
/// <param name="Database">The database.</param>
/// <param name="SchemaExists">Whether the outbox's schema is there.</param>
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
    private const int OldestVersion = 14;
    private const int VersionUnit = 10_000;

    /// <summary>What takes away the promise that an answered result survives a crash; empty when nothing does.</summary>
    public IEnumerable<UnsafeSetting> FindUnsafe() => UnsafeSetting.Among(FSync, SynchronousCommit, FullPageWrites);

    /// <summary>What the outbox can't work with, a sentence each; empty when nothing.</summary>
    public IEnumerable<string> FindUnusable(string schema)
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
                ? $"The role '{Role}' may not make tables in the schema '{schema}' (Outbox:Schema); allowed: a role with CREATE and USAGE on it."
                : $"The role '{Role}' may not make the schema '{schema}' (Outbox:Schema) in the database '{Database}'; allowed: a role with CREATE on the database.";
        }
    }
}
