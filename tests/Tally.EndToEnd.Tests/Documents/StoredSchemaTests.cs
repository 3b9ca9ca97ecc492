using System.Text;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>
/// The tables don't change by accident: an instance of the version before goes on with them during an upgrade. Columns and tables may be added, in a new version of
/// the schema (docs/upgrading.md).
/// </summary>
[Collection(nameof(SharedSystem))]
public sealed class StoredSchemaTests(RunningSystem system)
{
    // Partitions are as their parents are.
    private const string Columns =
        """
        SELECT table_name, column_name, data_type, is_nullable = 'YES', coalesce(column_default, '')
        FROM information_schema.columns
        WHERE table_schema = $1 AND table_name !~ '^outbox_batches_'
        ORDER BY table_name COLLATE "C", column_name COLLATE "C"
        """;

    // What else an instance of another version calls by its place, or counts on.
    private const string Rest =
        """
        SELECT what FROM (
            SELECT format('function %s(%s) returns %s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid)) AS what
            FROM pg_proc p WHERE p.pronamespace = $1::regnamespace
            UNION ALL
            SELECT format('constraint %s.%s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            WHERE k.connamespace = $1::regnamespace AND k.contype <> 'n' AND c.relname !~ '^outbox_batches_'
            UNION ALL
            SELECT format('index %s', pg_get_indexdef(i.indexrelid))
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relnamespace = $1::regnamespace AND NOT i.indisprimary AND c.relname !~ '^outbox_batches_') all_of_it
        ORDER BY what COLLATE "C"
        """;

    [KafkaTheory]
    [InlineData("outbox")]
    [InlineData("inbox")]
    public async Task Tables_and_columns_are_the_approved_ones(string schema)
    {
        var connections = SystemFiles.TryReadConnections(system.Folder)!;
        await using var database = NpgsqlDataSource.Create(
            schema == "outbox" ? connections.Calculator.ConnectionString : connections.Totals.ConnectionString);
        await using var command = database.CreateCommand(Columns);
        command.Parameters.Add(new() { Value = schema });
        await using var rest = database.CreateCommand(Rest);
        rest.Parameters.Add(new() { Value = schema });
        await using var reader = await command.ExecuteReaderAsync();
        var (text, table) = (new StringBuilder(), "");
        while (await reader.ReadAsync())
        {
            if (reader.GetString(0) != table)
            {
                table = reader.GetString(0);
                text.Append(table).Append('\n');
            }

            text.Append($"    {reader.GetString(1)} {reader.GetString(2)}{(reader.GetBoolean(3) ? "" : " NOT NULL")} {reader.GetString(4)}".TrimEnd()).Append('\n');
        }

        await using var more = await rest.ExecuteReaderAsync();
        while (await more.ReadAsync())
        {
            text.Append(more.GetString(0)).Append('\n');
        }

        Approved.IsStill($"schema.{schema}", text.ToString());
    }
}
