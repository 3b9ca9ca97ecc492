using Npgsql;
using Tally.Outbox.Tests.Support;
using Tally.Outbox.Trimming;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Trimming;

/// <summary>How a segment goes: in steps, with a death between any two of them, and beside readers that hold it open.</summary>
[Collection(PostgresCollection.Name)]
public sealed class DropTests(TestEnvironment environment)
{
    private static readonly TrimRules AtOnce = new(TimeSpan.Zero, [], NeedsConsumer: false);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_died_between_two_steps_is_gone_on_with_by_the_next_owner(int steps)
    {
        await using var bed = await OldAsync();
        await bed.Trims.NoteRelayedAsync(0, [0], TrimBed.SegmentSize, default);
        Assert.True(await bed.Trims.TrimAsync(0, 0, TrimBed.SegmentSize, await bed.ContentAsync(0), "one", AtOnce, default));
        if (steps > 1)
        {
            await bed.Tables.DetachAsync(0, (await bed.Tables.ListAsync(0, withBytes: false, default))[0], default);
        }

        // As a reader finds it until somebody goes on.
        Assert.Equal(0, await bed.OldestAsync());
        Assert.Equal(1_001, (await bed.ReadAsync())[0]);

        Assert.Equal(2_500, (await bed.ClaimAsync("two")).LastSequence);
        await bed.TrimAsync("two");

        Assert.Equal(2, await bed.OldestAsync());
        Assert.Equal((2_000, 2_000), await TrimmedAsync(bed));
        Assert.Equal(2_001, (await bed.ReadAsync())[0]);
    }

    [Fact]
    public async Task What_died_in_the_middle_of_the_detaching_is_gone_on_with_by_the_next_owner()
    {
        await using var bed = await OldAsync();
        await using (await ReadOpenAsync(bed))
        {
            await bed.TrimAsync();

            // PostgreSQL has marked it and can't go on: the same as if the instance had died there.
            var table = (await bed.Tables.ListAsync(0, withBytes: false, default))[0];
            Assert.Equal((0, true, true), (table.Segment, table.IsAttached, table.IsDetaching));
            Assert.Equal(Enumerable.Range(1_001, 1_500).Select(number => (long)number), await bed.ReadAsync());
        }

        await bed.ClaimAsync("two");
        await bed.TrimAsync("two");

        Assert.Equal(2, await bed.OldestAsync());
        Assert.Equal((2_000, 2_000), await TrimmedAsync(bed));
    }

    [Fact]
    public async Task A_reader_that_holds_a_segment_open_stops_neither_the_writer_nor_new_segments()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            options.Shards = 1;
            options.SegmentSize = TrimBed.SegmentSize;
            options.Retention = TimeSpan.Zero;
            options.Consumers = "none";
        });
        await AppendAsync(host, 1_500);
        await using (await ReadOpenAsync(host.Database))
        {
            // The chore notices within a second, and is in the middle of the detaching from then on.
            await host.ExecuteAsync("UPDATE outbox.progress SET relayed = 1500");
            await Eventually.TrueAsync(() => host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhdetachpending)"), OutboxHost.Soon);

            await AppendAsync(host, 6_000);
            Assert.True(await host.QueryAsync<bool>("SELECT to_regclass('outbox.outbox_batches_0_7') IS NOT NULL"));
            Assert.True(await host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhdetachpending)"));
        }

        await host.ExecuteAsync("UPDATE outbox.progress SET relayed = 7500");
        await Eventually.TrueAsync(
            () => host.QueryAsync<bool>("SELECT to_regclass('outbox.outbox_batches_0_6') IS NULL AND to_regclass('outbox.outbox_batches_0_0') IS NULL"),
            OutboxHost.Soon);
        Assert.Equal(500L, await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox"));
    }

    [Fact]
    public async Task A_new_segment_waits_for_a_detaching_that_waits_for_a_reader_but_not_for_the_reader()
    {
        await using var bed = await OldAsync();
        await using var reader = await ReadOpenAsync(bed);
        var trimming = bed.TrimAsync();
        await Eventually.TrueAsync(bed.Stores.SomebodyWaitsAsync, OutboxHost.Soon);

        await bed.Stores.Segments.EnsureAsync(0, 9, TrimBed.SegmentSize, default).Within(SegmentTables.AtMost);
        await trimming;

        // A later round neither waits for longer nor hinders.
        await bed.TrimAsync();
        await bed.Stores.Segments.EnsureAsync(0, 10, TrimBed.SegmentSize, default).Within(SegmentTables.AtMost);
        Assert.Equal([0, 1, 2, 9, 10], await bed.SegmentsAsync());
    }

    [Fact]
    public async Task A_segment_that_somebody_detached_by_hand_is_still_read()
    {
        await using var bed = await OldAsync();
        await bed.Stores.ExecuteAsync("ALTER TABLE outbox.outbox_batches_0 DETACH PARTITION outbox.outbox_batches_0_1");

        Assert.Equal(2_500, (await bed.ReadAsync()).Count);
        Assert.Equal([1_999, 2_000, 2_001], await bed.ReadAsync(1_999, 2_001));

        // Older ones go; it and what is newer stay until it is attached again.
        await bed.TrimAsync();
        Assert.Equal([1, 2], await bed.SegmentsAsync());
        Assert.Equal(1_500, (await bed.ReadAsync()).Count);
    }

    [KafkaFact]
    public async Task A_relay_that_stood_still_while_another_owner_trimmed_goes_on_behind_it()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var topic = $"later-{Guid.NewGuid():n}";
        await using var host = await OutboxHost.StartAsync(database.ConnectionString, options =>
        {
            options.RelayEnabled = true;
            options.Shards = 1;
            options.SegmentSize = TrimBed.SegmentSize;
            options.HandOffCapacity = 1;
            environment.Kafka.CopyTo(options.Kafka);
        });

        // The relay has taken the first one from memory, and waits for its topic.
        await host.AppendAsync("1", topic: topic);
        await AppendAsync(host, 1_500, topic);
        await host.ExecuteAsync(
            """
            INSERT INTO outbox.trimmed SELECT 0, 1000, 1000, epoch, state FROM outbox.outbox_batches_0_0 ORDER BY first_sequence DESC LIMIT 1;
            DROP TABLE outbox.outbox_batches_0_0
            """);

        await environment.CreateTopicAsync(partitions: 1, topic);

        await Eventually.TrueAsync(async () => (await host.Reader.GetPositionsAsync())[0].Relayed == 1_501, OutboxHost.Soon);
        Assert.Equal("ready", host.Status.Reason);
    }

    private async Task<TrimBed> OldAsync()
    {
        var bed = await TrimBed.CreateAsync(environment);
        await bed.FillAsync(2_500);
        await bed.RelayAsync(2_500);
        return bed;
    }

    private static Task<OutboxPosition[]> AppendAsync(OutboxHost host, int count, string topic = "topic") =>
        Task.WhenAll(Enumerable.Range(0, count).Select(number => host.AppendAsync($"{number}", topic: topic)));

    private static Task<NpgsqlConnection> ReadOpenAsync(TrimBed bed) => ReadOpenAsync(bed.Stores.DataSource);

    /// <summary>Somebody who reads a segment and doesn't end the transaction, until the connection is closed.</summary>
    private static async Task<NpgsqlConnection> ReadOpenAsync(NpgsqlDataSource database)
    {
        var connection = await database.OpenConnectionAsync();
        await using var read = new NpgsqlCommand("BEGIN; SELECT count(*) FROM outbox.outbox_batches_0 WHERE first_sequence <= 10", connection);
        await read.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task<(long Last, long Count)> TrimmedAsync(TrimBed bed)
    {
        var trimmed = await bed.Reader.GetTrimmedAsync(0);
        return (trimmed.LastSequence, trimmed.Count);
    }
}
