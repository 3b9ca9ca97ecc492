using System.Diagnostics.CodeAnalysis;
using Npgsql;
using Tally.AppHost.Tests.Support;

namespace Tally.AppHost.Tests.Load;

/// <summary>A PostgreSQL that commits slowly, as one does on a slow disk.</summary>
internal static class SlowCommits
{
    /// <param name="whole">A system with a PostgreSQL of its own.</param>
    /// <param name="delay">How long each commit waits. At most 100 ms.</param>
    [SuppressMessage("Security", "CA2100", Justification = "The statements are the test's own.")]
    public static async Task BeginAsync(WholeSystem whole, TimeSpan delay)
    {
        await using var database = NpgsqlDataSource.Create(whole.System.Connections.Postgres.ConnectionString);
        foreach (var sql in new[]
        {
            "ALTER SYSTEM SET commit_siblings = 0", $"ALTER SYSTEM SET commit_delay = {(int)delay.TotalMicroseconds}", "SELECT pg_reload_conf()",
        })
        {
            await using var command = database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
