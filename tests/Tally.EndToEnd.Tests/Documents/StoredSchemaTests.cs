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

        Approved.IsStill($"schema.{schema}", text.ToString());
    }
}
