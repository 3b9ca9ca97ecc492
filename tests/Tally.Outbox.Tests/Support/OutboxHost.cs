using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Tally.TestSupport;

namespace Tally.Outbox.Tests.Support;

/// <summary>An outbox in this process, on a database of its own.</summary>
internal sealed class OutboxHost : IAsyncDisposable
{
    public static readonly TimeSpan Soon = Patience.Soon;

    private readonly IHost _host;

    private OutboxHost(IHost host, string connectionString)
    {
        _host = host;
        Outbox = host.Services.GetRequiredService<IOutbox<byte[]>>();
        Status = host.Services.GetRequiredService<IOutboxStatus>();
        Reader = host.Services.GetRequiredService<OutboxReader>();
        Relay = host.Services.GetRequiredService<IOutboxRelay>();
        Database = NpgsqlDataSource.Create(connectionString);
    }

    public IOutbox<byte[]> Outbox { get; }

    public IOutboxStatus Status { get; }

    public OutboxReader Reader { get; }

    public IOutboxRelay Relay { get; }

    /// <summary>The same database beside the outbox.</summary>
    public NpgsqlDataSource Database { get; }

    /// <summary>Starts it, without a relay unless asked to, and waits until it owns all its shards.</summary>
    public static async Task<OutboxHost> StartAsync(string connectionString, Action<OutboxOptions>? configure = null, string? behindProxy = null, TimeProvider? time = null)
    {
        var started = await StartUnreadyAsync(connectionString, configure, behindProxy, time);
        await started.ReadyAsync();
        return started;
    }

    /// <summary>Starts it, without a relay unless asked to.</summary>
    public static async Task<OutboxHost> StartUnreadyAsync(
        string connectionString, Action<OutboxOptions>? configure = null, string? behindProxy = null, TimeProvider? time = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Logging.AddFilter(level => level >= LogLevel.Warning);
        builder.Services.AddTallyOutbox(options =>
        {
            options.ConnectionString = behindProxy ?? connectionString;
            options.RelayEnabled = false;
            options.Shards = 2;
            options.LeaseTime = TimeSpan.FromSeconds(1);
            options.CommitTimeout = TimeSpan.FromSeconds(2);
            configure?.Invoke(options);
        });
        var host = builder.Build();
        await host.StartAsync().WaitAsync(Soon);
        return new OutboxHost(host, connectionString);
    }

    /// <summary>Begins to look at one of its counters.</summary>
    public Counted Count(string counter) => new(_host, counter);

    /// <summary>Waits until it owns all shards.</summary>
    public Task ReadyAsync() => Eventually.TrueAsync(
        async () => Status.IsReady && Status.OwnedShards == (await Reader.GetPositionsAsync()).Count, Soon);

    public Task<OutboxPosition> AppendAsync(string text, string? orderingKey = null, string topic = "topic") =>
        Outbox.AppendAsync(new(Encoding.UTF8.GetBytes(text), topic, orderingKey)).AsTask().WaitAsync(Soon);

    /// <summary>Appends with a key; the text is what is asked for, too, unless told otherwise.</summary>
    public Task<OutboxPosition> AppendWithKeyAsync(string key, string text = "text", string? asked = null, CancellationToken cancellationToken = default) =>
        Outbox.AppendAsync(
            new(Encoding.UTF8.GetBytes(text), "topic", IdempotencyKey: new IdempotencyKey(key, Encoding.UTF8.GetBytes(asked ?? text))),
            cancellationToken).AsTask().WaitAsync(Soon, CancellationToken.None);

    /// <summary>Appends with a key; while the shard is being claimed appends fail at once and may be tried again.</summary>
    public Task<OutboxPosition> AppendWhenOpenAsync(string key, string text) => AppendWhenOpenAsync(() => AppendWithKeyAsync(key, text));

    /// <summary>The same with an append of another kind.</summary>
    public static async Task<OutboxPosition> AppendWhenOpenAsync(Func<Task<OutboxPosition>> append)
    {
        OutboxPosition position = default;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    position = await append();
                    return true;
                }
                catch (OutboxException fault) when (fault.Fault == OutboxFault.Unavailable)
                {
                    return false;
                }
            },
            Soon);
        return position;
    }

    /// <summary>
    /// Runs appends that share one commit: the writer is held up in a commit of its own, the text "blocker", while they queue up behind it.
    /// </summary>
    public async Task<Task<OutboxPosition>[]> InOneBatchAsync(int shard, params Func<Task<OutboxPosition>>[] appends)
    {
        await using var connection = await Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand($"SELECT 1 FROM outbox.shards WHERE shard = {shard} FOR UPDATE", connection);
        await hold.ExecuteNonQueryAsync();
        var blocker = AppendAsync("blocker");
        await Eventually.TrueAsync(() => QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"), Soon);
        var running = appends.Select(append => append()).ToArray();
        await transaction.CommitAsync();
        await blocker;
        return running;
    }

    /// <summary>How many results are stored, and how many keys.</summary>
    public async Task<(long Results, long Keys)> CountAsync() => (
        await QueryAsync<long>("SELECT count(*) FROM outbox.outbox"),
        await QueryAsync<long>("SELECT (SELECT count(*) FROM outbox.keys_0) + (SELECT count(*) FROM outbox.keys_1)"));

    /// <summary>All that is stored in a shard, in order.</summary>
    public async Task<List<string>> ReadAsync(int shard)
    {
        var texts = new List<string>();
        await foreach (var stored in Reader.ReadAsync(shard, 1, long.MaxValue))
        {
            Assert.Equal(texts.Count + 1, stored.Sequence);
            texts.Add(Encoding.UTF8.GetString(stored.Payload.Span));
        }

        return texts;
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().WaitAsync(Soon);
        _host.Dispose();
        await Database.DisposeAsync();
    }
}
