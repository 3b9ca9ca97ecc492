using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tally.Calculator;
using Tally.Outbox;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;

namespace Tally.Bench.Servers;

/// <summary>The Calculator as it is, with an outbox that says "stored" at once.</summary>
internal static class EchoServer
{
    public static Task<int> RunAsync(string[] args) => TallyService.RunAsync(args, static args =>
    {
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
        builder.AddTallyTelemetry("calculator", "echo", "Tally.Grpc.Server");
        builder.Services.AddGrpc();
        builder.Services.AddOptions<CalculatorOptions>();
        builder.Services.AddSingleton<IOutbox<Amount>, NoOutbox>();
        builder.Services.AddSingleton<CalculatorService>();
        var app = builder.Build();
        app.MapGrpcService<CalculatorService>();
        app.MapTallyTelemetry();
        return app;
    });

    private sealed class NoOutbox : IOutbox<Amount>
    {
        private long _sequence;

        public ValueTask<OutboxPosition> AppendAsync(OutboxMessage<Amount> message, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new OutboxPosition(Guid.Empty, 1, 1, 1, Interlocked.Increment(ref _sequence)));
    }
}
