using Microsoft.Extensions.Options;
using Tally.Outbox;
using Tally.Rpc.Server;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;
using Tally.Telemetry.Tracing;

namespace Tally.Calculator;

/// <summary>The Calculator's parts.</summary>
public static class CalculatorExtensions
{
    /// <summary>Who must hold what is dropped, unless <c>Outbox:Consumers</c> says something else: Totals, by the default name of its consumer group.</summary>
    private const string TotalsGroup = "totals";

    /// <summary>Adds the outbox, the gRPC services, and what tells about them.</summary>
    /// <param name="builder">The service's builder.</param>
    public static void AddTallyCalculator(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddTallyTelemetry(
            "calculator", services => services.GetRequiredService<IOptions<CalculatorOptions>>().Value.Instance, "Tally.Outbox", "Tally.Grpc.Server");

        var services = builder.Services;
        services.AddStrictOptions<CalculatorOptions>(CalculatorOptions.Section);
        services.AddStrictSection<OutboxOptions>(OutboxOptions.Section);
        services.AddTallyOutbox<Amount, Amount, SumEncoder>();
        services.AddOptions<OutboxOptions>()
            .Configure(static outbox => outbox.Consumers = TotalsGroup)
            .BindConfiguration(OutboxOptions.Section)
            .Configure<IOptions<CalculatorOptions>>((outbox, calculator) =>
            {
                outbox.Instance = outbox.Instance.Length > 0 ? outbox.Instance : calculator.Value.Instance;
                outbox.Topics = outbox.Topics.Length > 0 ? outbox.Topics : calculator.Value.Topic;
            });

        services.AddGrpc();
        services.AddOptions<GrpcTracingOptions>().Configure<CallSampling>(static (tracing, sampling) => tracing.IsWanted = sampling.IsWanted);
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks().AddCheck<OutboxHealthCheck>("outbox");
        services.AddSingleton<CalculatorService>();
        services.AddSingleton<RelayService>();
    }

    /// <summary>Maps the gRPC services.</summary>
    /// <param name="app">The application.</param>
    public static void MapTallyCalculator(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapGrpcService<CalculatorService>();
        app.MapGrpcService<RelayService>();
        app.MapGrpcReflectionService();
        app.MapGrpcHealthChecksService();
    }
}
