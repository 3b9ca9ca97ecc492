using Microsoft.Extensions.DependencyInjection;
using Tally.AppHost.Hosting;
using Tally.Calculator;
using Tally.Outbox;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;

namespace Tally.Bench.Servers;

/// <summary>
/// The whole Calculator, and the same with CloudEvents headers on each event. The Calculator has no setting for these, so they come the way in which the outbox takes
/// anyone's headers: with the message.
/// </summary>
internal static class HeadersServer
{
    private const string Calculator = "calculator-1";

    /// <summary>Runs in place of a system's Calculator, where its Totals expects it.</summary>
    /// <param name="system">The system.</param>
    /// <param name="kind"><c>calculator</c>, or <c>headers</c> for the one with headers.</param>
    public static async Task<ServerProcess> TakeOverAsync(LocalSystem system, string kind)
    {
        await system.StopComponentAsync(Calculator);
        var (kafka, endpoints) = (system.Connections.Kafka, system.State.Components[Calculator].Endpoints);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Calculator__Instance"] = Calculator,
            ["Calculator__Topic"] = kafka.Topic,
            ["Outbox__ConnectionString"] = system.Connections.Calculator.ConnectionString,
            ["Outbox__Consumers"] = kafka.GroupId,
            ["Outbox__Kafka__BootstrapServers"] = kafka.BootstrapServers,
            ["Outbox__Kafka__LibraryPath"] = kafka.LibraryPath,
        };
        foreach (var (name, value) in kafka.Settings.Concat(kafka.ProducerSettings))
        {
            settings[$"Outbox__Kafka__Settings__{name}"] = value;
        }

        return await ServerProcess.StartAsync(
            Environment.ProcessPath!, settings, new Uri(endpoints["grpc"]).Port, new Uri(endpoints["http"]).Port, "serve", kind);
    }

    public static Task<int> RunAsync(bool withHeaders, string[] args) => TallyService.RunAsync(args, args =>
    {
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
        builder.AddTallyCalculator();
        if (withHeaders)
        {
            var outbox = builder.Services.Last(static service => service.ServiceType == typeof(IOutbox<Amount>)).ImplementationFactory!;
            builder.Services.AddSingleton<IOutbox<Amount>>(services => new CloudEventsOutbox((IOutbox<Amount>)outbox(services)));
        }

        var app = builder.Build();
        app.MapTallyCalculator();
        app.MapTallyTelemetry();
        return app;
    });

    /// <summary>CloudEvents in Kafka's binary mode: the attributes that must be there, and what the value is.</summary>
    private sealed class CloudEventsOutbox(IOutbox<Amount> outbox) : IOutbox<Amount>
    {
        public ValueTask<OutboxPosition> AppendAsync(OutboxMessage<Amount> message, CancellationToken cancellationToken = default)
        {
            var headers = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["ce_specversion"] = "1.0",
                ["ce_id"] = Guid.CreateVersion7().ToString(),
                ["ce_source"] = "/tally/calculator",
                ["ce_type"] = "tally.v1.SumComputed",
                ["content-type"] = "application/protobuf",
            };
            return outbox.AppendAsync(message with { Headers = headers }, cancellationToken);
        }
    }
}
