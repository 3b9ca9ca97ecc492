using Microsoft.Extensions.Options;
using Tally.Inbox;
using Tally.Rpc.Server;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;
using Tally.Telemetry.Tracing;
using Tally.Totals.Live;
using Tally.Totals.Repairing;
using Tally.Totals.Serving;
using Tally.Totals.Sums;

namespace Tally.Totals;

/// <summary>Puts Totals together: an inbox that knows what a sum is, and what serves the total.</summary>
public static class TotalsApplication
{
    /// <summary>Makes the application.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>The application, to be run.</returns>
    public static WebApplication Build(string[] args)
    {
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyTelemetry("totals", provider => provider.GetRequiredService<IOptions<TotalsOptions>>().Value.Instance, InboxMeter.Name, TotalsMetrics.MeterName, "Tally.Grpc.Server");
        builder.AddTallyListeners("127.0.0.1:50052", "127.0.0.1:8082");
        var services = builder.Services;
        services.AddStrictOptions<TotalsOptions>(TotalsOptions.Section, TotalsOptions.CrossCheck);
        services.AddStrictOptions<InboxOptions>(InboxOptions.Section);
        services.AddSingleton<TotalsView>();
        services.AddSingleton<TotalsMetrics>();
        services.AddSingleton<History>();
        if (!string.IsNullOrWhiteSpace(builder.Configuration[$"{TotalsOptions.Section}:{nameof(TotalsOptions.Calculators)}"]))
        {
            services.AddSingleton<IInboxSource<Amount>, CalculatorSource>();
        }

        services.AddTallyInbox<SumHandler, Amount, Sum>();
        services.AddSingleton<TotalsRefresher>();
        services.AddHostedService(provider => provider.GetRequiredService<TotalsRefresher>());
        services.AddSingleton<StatusEndpoint>();
        services.AddSingleton<DelayWindow>();
        services.AddSingleton<LiveFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveFeed>());
        services.AddSingleton<LiveStream>();
        services.AddSingleton<AddEndpoint>();
        services.AddGrpc();
        services.AddOptions<GrpcTracingOptions>().Configure<CallSampling>(static (tracing, sampling) => tracing.IsWanted = sampling.IsWanted);
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks().AddCheck<InboxHealthCheck>("inbox");

        var app = builder.Build();

        // Nobody calls it; being there is its work.
        _ = app.Services.GetRequiredService<TotalsMetrics>();
        app.MapGrpcService<TotalsService>();
        app.MapGrpcService<RepairService>();
        app.MapGrpcReflectionService();
        app.MapGrpcHealthChecksService();
        app.MapGet("/api/status", (RequestDelegate)app.Services.GetRequiredService<StatusEndpoint>().AnswerAsync).RequireHttpListener();
        app.MapLivePage();
        app.MapTallyTelemetry();
        return app;
    }
}
