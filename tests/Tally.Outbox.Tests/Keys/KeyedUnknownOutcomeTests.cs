using System.Text;
using Npgsql;
using Tally.Outbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Keys;

/// <summary>The connection is cut around a commit with a key: whoever asks again learns the one truth.</summary>
[Collection(PostgresCollection.Name)]
public sealed class KeyedUnknownOutcomeTests(TestEnvironment environment)
{
    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_answered_and_the_key_gives_the_same_again()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        await host.AppendWithKeyAsync("before");

        proxy.Next = Cut.BeforeItsAnswer;
        var answers = await host.InOneBatchAsync(
            0,
            () => host.AppendWithKeyAsync("key", "cut here"),
            () => host.AppendWithKeyAsync("key", "cut here"),
            () => host.AppendWithKeyAsync("other", "b"));
        var position = await answers[0];

        Assert.Equal(Cut.None, proxy.Next);
        Assert.Equal(3, position.Sequence);
        Assert.Equal(position, await answers[1]);
        Assert.Equal(4, (await answers[2]).Sequence);
        Assert.Equal(position, await host.AppendWhenOpenAsync("key", "cut here"));
        Assert.Equal(["text", "blocker", "cut here", "b"], await host.ReadAsync(0));
    }

    [Fact]
    public async Task A_commit_that_never_arrived_is_sent_again_in_a_new_epoch_and_stored_once()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        var before = await host.AppendWithKeyAsync("before");

        proxy.Next = Cut.BeforeItArrives;
        var answers = await host.InOneBatchAsync(
            0,
            () => host.AppendWithKeyAsync("key", "cut here"),
            () => host.AppendWithKeyAsync("other", "b"),
            () => host.AppendWithKeyAsync("key", "cut here"));

        var position = await answers[0];
        Assert.True(position.Epoch > before.Epoch);
        Assert.Equal(position, await answers[2]);
        Assert.Equal(position, await host.AppendWhenOpenAsync("key", "cut here"));
        Assert.Equal(["text", "blocker", "cut here", "b"], await host.ReadAsync(0));
    }

    [Fact]
    public async Task The_stored_answers_are_given_again_when_they_were_lost_on_the_way()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var proxy = ProxyBefore(database.ConnectionString);
        await using var host = await StartAsync(database.ConnectionString, proxy);
        var first = await host.AppendWithKeyAsync("key", "cut here");

        proxy.Next = Cut.BeforeItsAnswer;
        var answers = await host.InOneBatchAsync(0, () => host.AppendWithKeyAsync("key", "cut here"), () => host.AppendAsync("new"));

        Assert.Equal(first, await answers[0]);
        Assert.Equal(3, (await answers[1]).Sequence);
        Assert.Equal(["cut here", "blocker", "new"], await host.ReadAsync(0));
    }

    [Fact]
    public async Task An_instance_that_dies_between_commit_and_answer_leaves_the_answer_to_the_next_one()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var proxy = ProxyBefore(database.ConnectionString);
        await using var dying = await StartAsync(database.ConnectionString, proxy);
        await dying.AppendWithKeyAsync("before");

        // The commit arrives, its answer doesn't, and from then on nothing of the instance reaches the database any more.
        proxy.Next = Cut.BeforeItsAnswer;
        proxy.RefuseAfterCut = true;
        var fault = await Assert.ThrowsAsync<OutboxException>(() => dying.AppendWithKeyAsync("key", "cut here"));
        Assert.False(fault.NotStored);
        await proxy.DisposeAsync();

        await using var next = await OutboxHost.StartUnreadyAsync(database.ConnectionString, options => options.Shards = 1);
        var position = await next.AppendWhenOpenAsync("key", "cut here");

        Assert.Equal(2, position.Sequence);
        Assert.Equal(["text", "cut here"], await next.ReadAsync(0));
        Assert.Equal(3, (await next.AppendWhenOpenAsync("after", "after")).Sequence);
    }

    private static Task<OutboxHost> StartAsync(string connectionString, CuttingProxy proxy) => OutboxHost.StartAsync(
        connectionString,
        options =>
        {
            options.Shards = 1;
            options.OutcomeTimeout = TimeSpan.FromMilliseconds(500);
        },
        new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = proxy.Port, SslMode = SslMode.Disable }.ConnectionString);

    private static CuttingProxy ProxyBefore(string connectionString)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        return new CuttingProxy(target.Host!, target.Port) { Mark = Encoding.UTF8.GetBytes("cut here") };
    }
}
