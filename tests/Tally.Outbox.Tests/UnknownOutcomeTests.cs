using System.Buffers.Binary;
using System.Text;
using Npgsql;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests;

/// <summary>The connection is cut around the commit: nobody knows, until the shard is claimed again and the table is asked.</summary>
[Collection(PostgresCollection.Name)]
public sealed class UnknownOutcomeTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_found_and_its_caller_gets_the_answer()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        await host.AppendAsync("before");

        proxy.Next = Cut.BeforeItsAnswer;
        var position = await host.AppendAsync("cut here");

        Assert.Equal(2, position.Sequence);
        Assert.Equal(["before", "cut here"], await host.ReadAsync(0));

        await host.ReadyAsync();
        var after = await AppendWhenOpenAsync(host, "after");
        Assert.Equal(3, after.Sequence);
        Assert.True(after.Epoch > position.Epoch);
    }

    [Fact]
    public async Task A_commit_that_never_arrived_is_sent_again_in_a_new_epoch_and_stored_once()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        var before = await host.AppendAsync("before");

        proxy.Next = Cut.BeforeItArrives;
        var position = await host.AppendAsync("cut here");

        Assert.Equal(2, position.Sequence);
        Assert.True(position.Epoch > before.Epoch);
        Assert.Equal(["before", "cut here"], await host.ReadAsync(0));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_statement_that_arrives_in_part_is_stored_once_wherever_it_was_cut(bool serverHearsNothing, bool withKeys)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        proxy.HoldsServer = serverHearsNothing;
        await AppendAsync(host, 0, withKeys);

        // Bind, (Describe,) Execute, Sync: within each, and between them. Between Execute and Sync the batch is inserted, and not committed.
        var places = Ends(proxy.Statement).SelectMany(end => new[] { end - 1, end }).Where(end => end < proxy.Statement.Length).ToList();
        Assert.True(places.Count >= 5);
        await CutAtEachAsync(host, proxy, places, Cut.BeforeItArrives, withKeys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_whose_answer_came_in_part_is_stored_once_wherever_it_was_cut(bool withKeys)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        await AppendAsync(host, 0, withKeys);

        // With keys a row comes before the commit does.
        var places = Ends(proxy.Answer).SelectMany(end => new[] { end - 1, end }).Prepend(0).ToList();
        Assert.True(places.Count >= 7);
        await CutAtEachAsync(host, proxy, places, Cut.BeforeItsAnswer, withKeys);
    }

    [Fact]
    public async Task A_database_that_fails_again_fails_the_call_which_may_be_sent_again()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        await host.AppendAsync("before");
        await host.ExecuteAsync("ALTER TABLE outbox.outbox_batches ADD CONSTRAINT refuse CHECK (first_sequence <> 2) NOT VALID");

        var fault = await Assert.ThrowsAsync<OutboxException>(() => host.AppendAsync("refused"));

        Assert.True(fault.NotStored);
        Assert.Equal(["before"], await host.ReadAsync(0));
        await host.ExecuteAsync("ALTER TABLE outbox.outbox_batches DROP CONSTRAINT refuse");
        Assert.Equal(2, (await AppendWhenOpenAsync(host, "again")).Sequence);
    }

    private static async Task CutAtEachAsync(OutboxHost host, CuttingProxy proxy, List<int> places, Cut cut, bool withKeys)
    {
        for (var at = 0; at < places.Count; at++)
        {
            (proxy.Passes, proxy.Next) = (places[at], cut);
            var position = await AppendAsync(host, at + 1, withKeys);
            Assert.Equal((Cut.None, at + 2), (proxy.Next, position.Sequence));
        }

        Assert.Equal(Enumerable.Range(0, places.Count + 1).Select(number => $"cut here {number}"), await host.ReadAsync(0));
    }

    private static Task<OutboxPosition> AppendAsync(OutboxHost host, int number, bool withKey) => withKey
        ? host.AppendWhenOpenAsync($"{number}", $"cut here {number}")
        : AppendWhenOpenAsync(host, $"cut here {number}");

    /// <summary>Where each message of PostgreSQL's protocol ends: a byte says its kind, and then four how long the rest is, themselves included.</summary>
    private static List<int> Ends(byte[] messages)
    {
        var ends = new List<int>();
        for (var at = 0; at < messages.Length;)
        {
            at += 1 + BinaryPrimitives.ReadInt32BigEndian(messages.AsSpan(at + 1));
            ends.Add(at);
        }

        return ends;
    }

    /// <summary>While the shard is being claimed again, appends fail at once and may be tried again.</summary>
    private static async Task<OutboxPosition> AppendWhenOpenAsync(OutboxHost host, string text)
    {
        OutboxPosition position = default;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    position = await host.AppendAsync(text);
                    return true;
                }
                catch (OutboxException fault) when (fault.NotStored)
                {
                    return false;
                }
            },
            OutboxHost.Soon);
        return position;
    }

    private static Task<OutboxHost> StartAsync(string connectionString, CuttingProxy proxy) => OutboxHost.StartAsync(
        connectionString,
        options => options.Shards = 1,
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable }.ConnectionString);

    private static CuttingProxy ProxyBefore(string connectionString)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        return new CuttingProxy(target.Host!, target.Port) { Mark = Encoding.UTF8.GetBytes("cut here") };
    }
}
