using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Tally.Telemetry.Hosting;

/// <summary>Runs a service from its arguments to its exit code.</summary>
public static class TallyService
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A builder that reads <c>appsettings.json</c> beside the program, whatever the current folder, then the environment and the arguments.
    /// Files are read once: a setting that changes while the service runs would be half in force.
    /// </summary>
    /// <param name="args">The command line: settings as <c>--Section:Name=value</c>.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="OptionsValidationException">An argument is not a setting.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (CommandLine.Faults(args) is { Count: > 0 } faults)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(TallyService), faults);
        }

        return WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = ["--hostBuilder:reloadConfigOnChange=false", .. args],
            ContentRootPath = AppContext.BaseDirectory,
        });
    }

    /// <summary>
    /// Builds and runs a service until it is told to stop. What keeps it from starting is said on standard error in a line each.
    /// </summary>
    /// <param name="args">The command line.</param>
    /// <param name="build">Makes the application, from <see cref="CreateBuilder"/> on.</param>
    /// <returns>The exit code, see <see cref="RunTallyAsync"/>.</returns>
    public static Task<int> RunAsync(string[] args, Func<string[], WebApplication> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        return RunAsync(args, build, Console.Error);
    }

    /// <summary>
    /// Runs the application until it is told to stop, and disposes it.
    /// </summary>
    /// <param name="app">The application.</param>
    /// <returns>
    /// The exit code: 0 stopped cleanly; 1 a fault nobody expected (logged); 2 a setting is wrong or unknown; 3 something it needs can't be had, such as a
    /// port (see <see cref="StartFailedException"/>).
    /// </returns>
    public static Task<int> RunTallyAsync(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return RunAsync(app, Console.Error);
    }

    internal static async Task<int> RunAsync(string[] args, Func<string[], WebApplication> build, TextWriter errors)
    {
        WebApplication app;
        try
        {
            app = build(args);
        }
#pragma warning disable CA1031 // The last frame of the program: every fault becomes a line and an exit code.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return StartFault.Say(fault, [], errors);
        }

        return await RunAsync(app, errors);
    }

    private static async Task<int> RunAsync(WebApplication app, TextWriter errors)
    {
        var listeners = app.Services.GetService<Listeners>();
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(TallyService).FullName!);
        Exception? end;
        try
        {
            end = await RunAsync(app, listeners, log);
        }
#pragma warning disable CA1031 // The last frame of the program: every fault becomes a line and an exit code.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            end = fault;
        }

        if (end is not null && !StartFault.IsKnown(end))
        {
            Log.Crashed(log, end);
        }

        // Gives the sockets back, so that a port of ours isn't taken for somebody else's below.
        await app.DisposeAsync();
        return end is null ? StartFault.Clean : StartFault.Say(end, listeners?.Wanted ?? [], errors);
    }

    /// <summary>Gives what ended the service, or nothing after a clean stop.</summary>
    private static async Task<Exception?> RunAsync(WebApplication app, Listeners? listeners, ILogger log)
    {
        StartFault.ThrowIfMisconfigured(app.Services);
        _ = app.Services.GetService<MetricsCollection>();
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await StopStartedAsync(app);
            return null;
        }
        catch
        {
            await StopStartedAsync(app);
            throw;
        }

        var identity = app.Services.GetService<ServiceIdentity>() ?? new ServiceIdentity(app.Environment.ApplicationName, "");
        if (listeners is not null)
        {
            Log.Listening(log, identity.Service, identity.Instance, listeners.Grpc.ToString(), listeners.Http.ToString());
        }

        await app.WaitForShutdownAsync();

        // A background service that died stops the host, and the host calls that a clean stop.
        var background = app.Services.GetServices<IHostedService>().OfType<BackgroundService>();
        if (background.Select(service => service.ExecuteTask?.Exception).FirstOrDefault(fault => fault is not null) is { } died)
        {
            return died.GetBaseException();
        }

        Log.Stopped(log, identity.Service, identity.Instance);
        return null;
    }

    /// <summary>
    /// The listeners start last. Parts that started before them must give back what they hold (a lease, say) when a port is taken; disposing them
    /// alone doesn't stop them.
    /// </summary>
    private static async Task StopStartedAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync(StopLimit);
        }
#pragma warning disable CA1031 // What kept the service from starting is what the operator must read, not what that led to.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
