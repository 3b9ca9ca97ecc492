using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tally.Telemetry.Health;

/// <summary>
/// <c>GET /livez</c>: the process answers, and no check tagged <see cref="LiveTag"/> says it is beyond help. <c>GET /readyz</c>: all other checks say
/// that it can do its work.
/// </summary>
internal sealed class HealthEndpoint(HealthCheckService checks, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<HealthEndpoint> log)
{
    public const string LiveTag = "live";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // What was said last, so that the log has the changes only: -1 nothing yet, 0 not ready, 1 ready.
    private int _lastReady = -1;

    public async Task LiveAsync(HttpContext context)
    {
        var answer = await CheckAsync(check => check.Tags.Contains(LiveTag), context.RequestAborted);
        await WriteAsync(context, answer, "live", "not live");
    }

    public async Task ReadyAsync(HttpContext context)
    {
        var answer = lifetime.ApplicationStopping.IsCancellationRequested
            ? new HealthAnswer(false, [new CheckAnswer("process", false, "the service is stopping")])
            : await CheckAsync(check => !check.Tags.Contains(LiveTag), context.RequestAborted);
        LogChange(answer);
        await WriteAsync(context, answer, "ready", "not ready");
    }

    private static async Task WriteAsync(HttpContext context, HealthAnswer answer, string good, string bad)
    {
        var json = answer.ToJson(good, bad);
        context.Response.StatusCode = answer.Good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    private async Task<HealthAnswer> CheckAsync(Func<HealthCheckRegistration, bool> which, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            // A check that heeds its token is cancelled; WaitAsync is for one that doesn't.
            var report = checks.CheckHealthAsync(which, patience.Token).WaitAsync(Patience, time, cancellation);
            return LogFaults(await report);
        }
        catch (TimeoutException)
        {
            await patience.CancelAsync();
            return new HealthAnswer(false, [new CheckAnswer("checks", false, $"no answer within {Patience.TotalSeconds} s")]);
        }
    }

    private HealthAnswer LogFaults(HealthReport report)
    {
        foreach (var (name, entry) in report.Entries)
        {
            if (entry.Exception is { } fault)
            {
                Log.CheckFailed(log, name, fault);
            }
        }

        return HealthAnswer.From(report);
    }

    private void LogChange(HealthAnswer answer)
    {
        if (Interlocked.Exchange(ref _lastReady, answer.Good ? 1 : 0) == (answer.Good ? 1 : 0))
        {
            return;
        }

        if (answer.Good)
        {
            Log.Ready(log);
        }
        else
        {
            Log.NotReady(log, string.Join("; ", answer.Checks.Where(check => !check.Healthy).Select(check => $"{check.Name}: {check.Reason}")));
        }
    }
}
