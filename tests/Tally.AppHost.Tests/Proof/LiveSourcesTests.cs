using System.Globalization;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;
using Tally.Outbox;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Proof;

/// <summary>What the proof adds up of an outbox, on a real PostgreSQL: result n of the shard is n.</summary>
public sealed class LiveSourcesTests(TestEnvironment environment) : IClassFixture<TestEnvironment>
{
    private const int SegmentSize = 1_000;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Without_retention_all_payloads_are_added_up()
    {
        await using var outbox = await FilledAsync();

        Assert.Equal(new StoredSum(UpTo(3_500), UpTo(3_100), 7, Damage: null), await outbox.Sources.AddUpAsync(0, 3_500, 3_100, default));
        Assert.Equal(UpTo(1_700), (await outbox.Sources.AddUpAsync(0, 1_700, 9_999, default))!.Stored);
    }

    [Fact]
    public async Task What_was_trimmed_is_added_to_what_is_there_and_to_what_was_published()
    {
        await using var outbox = await FilledAsync();
        await outbox.TrimAsync(2_000, Total(2_000));
        var expected = new StoredSum(UpTo(3_500), UpTo(3_100), 7, Damage: null, UpTo(2_000));

        // Rows that are still there at or below it count once.
        Assert.Equal(expected, await outbox.Sources.AddUpAsync(0, 3_500, 3_100, default));

        await outbox.ExecuteAsync("ALTER TABLE outbox.outbox_batches_0 DETACH PARTITION outbox.outbox_batches_0_0");
        Assert.Equal(expected, await outbox.Sources.AddUpAsync(0, 3_500, 3_100, default));

        await outbox.ExecuteAsync("DROP TABLE outbox.outbox_batches_0_0, outbox.outbox_batches_0_1");
        Assert.Equal(expected, await outbox.Sources.AddUpAsync(0, 3_500, 3_100, default));
        Assert.Equal(new StoredSum(UpTo(2_000), UpTo(2_000), 7, Damage: null, UpTo(2_000)), await outbox.Sources.AddUpAsync(0, 2_000, 1_000, default));
        Assert.Null(await outbox.Sources.AddUpAsync(0, 1_999, 3_500, default));
    }

    [Fact]
    public async Task A_segment_that_is_detached_and_was_not_trimmed_is_added_up_from_its_payloads()
    {
        await using var outbox = await FilledAsync();
        await outbox.TrimAsync(1_000, Total(1_000));
        await outbox.ExecuteAsync("ALTER TABLE outbox.outbox_batches_0 DETACH PARTITION outbox.outbox_batches_0_1");

        Assert.Equal(new StoredSum(UpTo(3_500), UpTo(3_500), 7, Damage: null, UpTo(1_000)), await outbox.Sources.AddUpAsync(0, 3_500, 3_500, default));
    }

    [Fact]
    public async Task A_hole_behind_what_was_trimmed_is_missing()
    {
        await using var outbox = await FilledAsync();
        await outbox.TrimAsync(1_000, Total(1_000));
        await outbox.ExecuteAsync("DELETE FROM outbox.outbox_batches_0 WHERE first_sequence = 2501");

        Assert.Equal(3_000, (await outbox.Sources.AddUpAsync(0, 3_500, 3_500, default))!.Stored.Count);
    }

    [Theory]
    [InlineData("500501", "500501 was written down as the total up to result 1000 when it was trimmed, but result 1001 goes on from 500500")]
    [InlineData("lots", "the total that was written down when it was trimmed up to result 1000 can't be read")]
    public async Task A_trimmed_total_that_the_next_result_does_not_go_on_from_is_damage(string total, string damage)
    {
        await using var outbox = await FilledAsync();
        await outbox.TrimAsync(1_000, total);

        Assert.Equal(damage, (await outbox.Sources.AddUpAsync(0, 3_500, 3_500, default))!.Damage);
    }

    private static string Total(long to) => (to * (to + 1) / 2).ToString(CultureInfo.InvariantCulture);

    private static Figure UpTo(long to) => new(to, Amount.FromUnits(to * (to + 1) / 2 * 1_000_000_000));

    private async Task<FilledOutbox> FilledAsync()
    {
        var outbox = await FilledOutbox.CreateAsync(environment);
        for (var first = 1; first <= 3_001; first += 500)
        {
            await outbox.InsertAsync(first, 500);
        }

        return outbox;
    }

    private sealed class FilledOutbox(TestDatabase database) : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(database.ConnectionString);

        public string ConnectionString { get; } = database.ConnectionString;

        public LiveSources Sources { get; } = new(database.ConnectionString, []);

        public static async Task<FilledOutbox> CreateAsync(TestEnvironment environment)
        {
            var outbox = new FilledOutbox(await environment.CreateDatabaseAsync());
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
            builder.Logging.ClearProviders();
            builder.Services.AddTallyOutbox(options =>
            {
                options.ConnectionString = outbox.ConnectionString;
                options.Shards = 1;
                options.SegmentSize = SegmentSize;
                options.RelayEnabled = false;
            });

            // It makes the tables; what is in them comes from here.
            using var host = builder.Build();
            await host.StartAsync().Within(Soon);
            await host.StopAsync().Within(Soon);
            await outbox.ExecuteAsync("CREATE TABLE outbox.outbox_batches_0_3 PARTITION OF outbox.outbox_batches_0 FOR VALUES FROM (3001) TO (4001)");
            return outbox;
        }

        public Task InsertAsync(long first, int count) => ExecuteAsync(
            "INSERT INTO outbox.outbox_batches (shard, first_sequence, last_sequence, epoch, state, payloads, topic) VALUES (0, $1, $2, 7, $3, $4, 'sums')",
            first,
            first + count - 1,
            Encoding.ASCII.GetBytes(Total(first + count - 1)),
            Enumerable.Range(0, count).Select(at => new SumComputed
            {
                Epoch = 7,
                Sequence = first + at,
                Value = (first + at).ToString(CultureInfo.InvariantCulture),
                ShardTotal = Total(first + at),
            }.ToByteArray()).ToArray());

        public Task TrimAsync(long last, string total) => ExecuteAsync(
            "INSERT INTO outbox.trimmed (shard, last_sequence, count, epoch, state) VALUES (0, $1, $1, 7, $2)", last, Encoding.ASCII.GetBytes(total));

        public async Task ExecuteAsync(string sql, params object[] parameters)
        {
            await using var command = _database.CreateCommand(sql);
            foreach (var value in parameters)
            {
                command.Parameters.Add(new() { Value = value });
            }

            await command.ExecuteNonQueryAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Sources.DisposeAsync();
            await _database.DisposeAsync();
            await database.DisposeAsync();
        }
    }
}
