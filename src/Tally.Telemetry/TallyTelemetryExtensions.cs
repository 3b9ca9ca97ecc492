using System.Diagnostics.Metrics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Tally.Telemetry.Health;
using Tally.Telemetry.Hosting;
using Tally.Telemetry.Prometheus;
using Tally.Telemetry.Tracing;

namespace Tally.Telemetry;

/// <summary>Adds what makes a service visible: metrics, health and logs.</summary>
public static class TallyTelemetryExtensions
{
    /// <summary>
    /// Collects the named meters (and the runtime's, Kestrel's and Npgsql's) with the OpenTelemetry SDK, exports the traces of <c>Tally.*</c> over OTLP when
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to, adds health checks, and logs as <see cref="AddTallyLogging"/> does. Call it first, and <see cref="MapTallyTelemetry"/> on the application.
    /// </summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">The kind of service, for example <c>calculator</c>.</param>
    /// <param name="instance">Which one of its kind, for example <c>calculator-1</c>.</param>
    /// <param name="meters">Names of meters; <c>*</c> stands for any characters.</param>
    /// <returns>The builder.</returns>
    public static IHostApplicationBuilder AddTallyTelemetry(this IHostApplicationBuilder builder, string service, string instance, params string[] meters) =>
        builder.AddTallyTelemetry(service, _ => instance, meters);

    /// <summary>The same, for an instance name that is known only once the options are read.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">The kind of service, for example <c>calculator</c>.</param>
    /// <param name="instance">Gives the instance's name.</param>
    /// <param name="meters">Names of meters; <c>*</c> stands for any characters.</param>
    /// <returns>The builder.</returns>
    public static IHostApplicationBuilder AddTallyTelemetry(
        this IHostApplicationBuilder builder, string service, Func<IServiceProvider, string> instance, params string[] meters)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(service);
        ArgumentNullException.ThrowIfNull(instance);
        builder.AddTallyLogging();
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddHealthChecks();
        services.AddSingleton(provider => new ServiceIdentity(service, instance(provider)));
        services.AddSingleton<ProcessMetrics>();
        services.AddSingleton<HealthEndpoint>();
        services.AddSingleton(provider => new MetricsCollection(
            provider.GetRequiredService<ServiceIdentity>(),
            provider.GetRequiredService<IMeterFactory>(),
            meters,
            provider.GetRequiredService<ILogger<PrometheusExporter>>()));
        services.AddSingleton(OtlpSettings.OfProcess);
        services.AddSingleton<IValidateOptions<OtlpSettings.Gate>, OtlpSettings.GateKeeper>();
        services.AddOptions<OtlpSettings.Gate>().ValidateOnStart();
        services.AddSingleton<TraceExport>();
        services.AddSingleton(provider => new CallSampling(provider.GetRequiredService<OtlpSettings>()));
        services.AddHostedService<TelemetryStart>();
        return builder;
    }

    /// <summary>
    /// Logs to standard output: JSON lines with UTC times when it is piped, short lines when it is a terminal. Our own at Information, everything
    /// else at Warning. The <c>Logging</c> section changes all of it by the usual names.
    /// </summary>
    /// <param name="builder">The service's builder.</param>
    /// <returns>The builder.</returns>
    public static IHostApplicationBuilder AddTallyLogging(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        LoggingDefaults.AddTo(builder.Configuration, terminal: !Console.IsOutputRedirected, traced: OtlpSettings.OfProcess.Endpoint is not null);
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole();

        builder.Services.Configure<LoggerFactoryOptions>(
            static factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);

        // Nobody embeds a log line in a page: quotes in a message stay readable.
        builder.Services.Configure<JsonConsoleFormatterOptions>(
            json => json.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        // Builders name a formatter in code; the configuration, with our defaults below it, has the last word.
        builder.Services.AddOptions<ConsoleLoggerOptions>().PostConfigure<IConfiguration>(
            (console, configuration) => console.FormatterName = configuration["Logging:Console:FormatterName"]);
        return builder;
    }

    /// <summary>
    /// Maps <c>/metrics</c>, <c>/livez</c> and <c>/readyz</c>, on the HTTP listener only. Health comes from the registered health checks: those tagged
    /// <c>live</c> count for <c>/livez</c>, all others for <c>/readyz</c>. A check's description is shown as its reason, an exception's text never.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <returns>The application.</returns>
    public static IEndpointRouteBuilder MapTallyTelemetry(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);

        // The parts are taken when they are needed: here nothing is validated yet, and a wrong setting must not show as a fault of this method.
        endpoints.MapGet("/metrics", context => MetricsEndpoint.AnswerAsync(context, Service<MetricsCollection>(context).Scraper)).RequireHttpListener();
        endpoints.MapGet("/livez", context => Service<HealthEndpoint>(context).LiveAsync(context)).RequireHttpListener();
        endpoints.MapGet("/readyz", context => Service<HealthEndpoint>(context).ReadyAsync(context)).RequireHttpListener();
        return endpoints;
    }

    private static T Service<T>(HttpContext context)
        where T : notnull => context.RequestServices.GetRequiredService<T>();
}
