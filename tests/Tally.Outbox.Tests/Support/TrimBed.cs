using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;
using Tally.Outbox.Trimming;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Support;

/// <summary>One shard with segments of 1,000 results, written and trimmed by hand. The payload of a result is its sequence, and so is the state after it.</summary>
internal sealed class TrimBed : IAsyncDisposable
{
    public const int SegmentSize = 1_000;
    private const int BatchSize = 250;

    private readonly TestDatabase _database;
    private readonly OutboxIdentity _identity;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly OutboxMetrics _metrics;
    private ShardClaim? _claim;
    private long _last;

    private TrimBed(TestDatabase database, Stores stores, OutboxIdentity identity)
    {
        _database = database;
        _identity = identity;
        _metrics = new OutboxMetrics(_services.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        Stores = stores;
        Progress = new ProgressStore(stores.DataSource, stores.Segments);
        Trims = new TrimStore(stores.DataSource, stores.Segments);
        Tables = new SegmentTables(stores.DataSource, stores.Segments, stores.Options.PrepareStatements);
        Consumers = new ConsumerStore(stores.DataSource, stores.Segments);
        Reader = new OutboxReader(stores.DataSource);
    }

    public Stores Stores { get; }

    public ProgressStore Progress { get; }

    public TrimStore Trims { get; }

    public SegmentTables Tables { get; }

    public ConsumerStore Consumers { get; }

    public OutboxReader Reader { get; }

    public long Epoch => _claim!.Epoch;

    /// <summary>Makes it, owned by the instance "one". Retention is zero and nobody need confirm, unless told otherwise.</summary>
    public static async Task<TrimBed> CreateAsync(TestEnvironment environment, Action<OutboxOptions>? configure = null)
    {
        var database = await environment.CreateDatabaseAsync();
        var stores = await Stores.CreateAsync(database.ConnectionString, options =>
        {
            options.SegmentSize = SegmentSize;
            options.LeaseTime = TimeSpan.FromMinutes(5);
            options.Retention = TimeSpan.Zero;
            options.Consumers = "none";
            configure?.Invoke(options);
        });
        var bed = new TrimBed(database, stores, await stores.MigrateAsync());
        await bed.ClaimAsync("one");
        return bed;
    }

    /// <summary>Another instance takes the shard, as after a death.</summary>
    public async Task<ShardClaim> ClaimAsync(string instance)
    {
        await Stores.ExecuteAsync("UPDATE outbox.leases SET lease_until = '-infinity'");
        return _claim = (await Stores.Leases.TryClaimAsync(0, instance, default))!;
    }

    /// <summary>Stores results up to a sequence.</summary>
    public async Task FillAsync(long to)
    {
        await using var writer = await Stores.OpenWriterAsync(_claim!);
        while (_last < to)
        {
            await Stores.Segments.EnsureAsync(0, _last / SegmentSize, SegmentSize, default);

            // No batch crosses a border.
            var count = (int)Math.Min(BatchSize, Math.Min(to - _last, SegmentSize - (_last % SegmentSize)));
            var payloads = Enumerable.Range(1, count).Select(number => Bytes(_last + number)).ToArray();
            Assert.True(await writer.AppendAsync(new CommittedBatch(_last + 1, payloads, "topic", null, Epoch), Bytes(_last + count)));
            _last += count;
        }
    }

    public Task RelayAsync(long to) => Progress.WriteRelayedAsync([0], [Epoch], [to], default);

    public Task ConfirmAsync(string consumer, long epoch, long sequence) =>
        Consumers.ConfirmAsync(consumer, [new OutboxConfirmation(0, epoch, sequence)], default);

    /// <summary>A round of the chore on an instance.</summary>
    public Task TrimAsync(string instance = "one") => new SegmentTrimmer(ContextOf(instance), () => [0]).TrimAsync(default).Within(OutboxHost.Soon);

    /// <summary>The segments that are there, attached or not.</summary>
    public async Task<List<long>> SegmentsAsync() => [.. (await Tables.ListAsync(0, withBytes: false, default)).Select(table => table.Segment)];

    /// <summary>The oldest segment that is there.</summary>
    public async Task<long> OldestAsync() => (await SegmentsAsync())[0];

    public Task<SegmentContent> ContentAsync(long segment) => Trims.ReadContentAsync(0, segment, default);

    public static string Text(ReadOnlyMemory<byte>? bytes) => Encoding.ASCII.GetString(bytes!.Value.Span);

    public async Task<List<long>> ReadAsync(long from = 1, long to = long.MaxValue)
    {
        var sequences = new List<long>();
        await foreach (var message in Reader.ReadAsync(0, from, to))
        {
            Assert.Equal(message.Sequence.ToString(CultureInfo.InvariantCulture), Text(message.Payload));
            sequences.Add(message.Sequence);
        }

        return sequences;
    }

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _services.DisposeAsync();
        await Stores.DisposeAsync();
        await _database.DisposeAsync();
    }

    private OutboxContext ContextOf(string instance) => new(
        Stores.Options, instance, _identity, Stores.DataSource, Stores.Segments, Stores.Leases, Stores.Batches, Progress, Trims,
        new KeptStore(Stores.DataSource, Stores.Segments), _metrics, TimeProvider.System,
        NullLogger.Instance);

    private static byte[] Bytes(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
