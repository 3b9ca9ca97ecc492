using System.Globalization;
using Npgsql;
using Tally.AppHost.Components.Processes;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>
/// The process of PostgreSQL that serves one connection, stopped while it waits for the next statement. What its client sends meanwhile is executed
/// when it goes on: however late that is, and whatever became of the client.
/// </summary>
internal sealed class StoppedBackend : IDisposable
{
    // tx_queue:rx_queue in a line of /proc/net/tcp.
    private const int Queues = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    private readonly int _pid;
    private readonly string _ends;

    private StoppedBackend(int pid, string ends)
    {
        _pid = pid;
        _ends = ends;
    }

    /// <summary>Stops the one whose last statement matches, between two statements.</summary>
    /// <param name="admin">A superuser's connections.</param>
    /// <param name="statement">A pattern as of LIKE.</param>
    public static async Task<StoppedBackend> StopAsync(NpgsqlDataSource admin, string statement)
    {
        var port = new NpgsqlConnectionStringBuilder(admin.ConnectionString).Port;
        StoppedBackend? stopped = null;
        await Eventually.TrueAsync(
            async () =>
            {
                if (await FindAsync(admin, statement) is not { } found)
                {
                    return false;
                }

                stopped = new StoppedBackend(found.Pid, $"0100007F:{port:X4} 0100007F:{found.ClientPort:X4}");
                _ = Libc.Kill(found.Pid, Libc.SigStop);

                // In the meantime it may have begun another statement: then that one may go to its end first.
                if (await FindAsync(admin, statement) is { } still && still.Pid == found.Pid)
                {
                    return true;
                }

                stopped.Dispose();
                return false;
            },
            Patience,
            $"a backend waits behind {statement}");
        return stopped!;
    }

    /// <summary>Stops one under load, so that the next statement lies before it. What it has begun to read it goes to the end of, and is stopped again.</summary>
    /// <param name="admin">A superuser's connections.</param>
    /// <param name="statement">A pattern as of LIKE for the statement before.</param>
    public static async Task<StoppedBackend> StopBeforeStatementAsync(NpgsqlDataSource admin, string statement)
    {
        while (true)
        {
            var stopped = await StopAsync(admin, statement);
            try
            {
                await Eventually.TrueAsync(() => stopped.Unread() > 0, Soon);
                return stopped;
            }
            catch (TimeoutException)
            {
                stopped.Dispose();
            }
        }
    }

    /// <summary>Waits until its client has sent something that it hasn't read.</summary>
    public Task WaitForStatementAsync() => Eventually.TrueAsync(() => Unread() > 0, Patience, "a statement lies before the stopped backend");

    /// <summary>Lets it go on, and waits until it has taken up what lay there.</summary>
    public async Task GoOnAsync()
    {
        Dispose();
        await Eventually.TrueAsync(() => Unread() == 0, Patience, "the backend has read what lay there");
    }

    public void Dispose() => _ = Libc.Kill(_pid, Libc.SigContinue);

    private static async Task<(int Pid, int ClientPort)?> FindAsync(NpgsqlDataSource admin, string statement)
    {
        await using var command = admin.CreateCommand(
            "SELECT pid, client_port FROM pg_stat_activity WHERE state = 'idle' AND query LIKE $1 AND pid <> pg_backend_pid() ORDER BY state_change DESC LIMIT 1");
        command.Parameters.Add(new() { Value = statement });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (reader.GetInt32(0), reader.GetInt32(1)) : null;
    }

    /// <summary>How many bytes lie in the kernel, sent and not read.</summary>
    private long Unread() => File.ReadLines("/proc/net/tcp")
        .Where(line => line.Contains(_ends, StringComparison.Ordinal))
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[Queues].Split(':')[1])
        .Sum(bytes => long.Parse(bytes, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
