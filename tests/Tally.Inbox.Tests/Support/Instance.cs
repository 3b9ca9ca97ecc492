using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tally.Inbox.Auditing;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Support;

/// <summary>One host with an inbox of numbers.</summary>
internal sealed class Instance : IAsyncDisposable
{
    private readonly IHost _host;
    private bool _stopped;

    private Instance(IHost host)
    {
        _host = host;
        Inbox = host.Services.GetRequiredService<IInbox<long>>();
        Repair = host.Services.GetRequiredService<IInboxRepair<long>>();
    }

    public IInboxRepair<long> Repair { get; }

    public IInbox<long> Inbox { get; }

    public InboxStatus Status => Inbox.Status;

    /// <summary>Where its consuming thread and its audit meet.</summary>
    public AuditExchange Exchange => _host.Services.GetRequiredService<AuditExchange>();

    public static async Task<Instance> StartAsync(Action<InboxOptions> configure, IInboxSource<long>? outbox = null, TimeProvider? time = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Logging.AddFilter(level => level >= LogLevel.Warning);
        builder.Services.AddTallyInbox<NumberHandler, long, Number>(configure);
        if (outbox is not null)
        {
            builder.Services.AddSingleton(outbox);
        }

        var host = builder.Build();
        await host.StartAsync().Within(Store.Soon);
        return new Instance(host);
    }

    /// <summary>What one of its gauges shows now; null while it shows nothing.</summary>
    public long? ReadGauge(string name)
    {
        long? read = null;
        var factory = _host.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => read = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return read;
    }

    public Task ReadyAsync() => Eventually.TrueAsync(() => Status.IsReady, Store.Soon);

    public Task NotReadyAsync() => Eventually.TrueAsync(() => !Status.IsReady, Store.Soon);

    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _host.StopAsync().Within(Store.Soon);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _host.Dispose();
    }
}
