using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Tally.Telemetry.Health;

namespace Tally.Telemetry.Tests;

public class HealthTests
{
    [Fact]
    public async Task Without_checks_a_service_that_answers_is_live_and_ready()
    {
        await using var service = await TestService.StartAsync();

        Assert.Equal((HttpStatusCode.OK, """{"status":"live","checks":[]}"""), await AskAsync(service, "/livez"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready","checks":[]}"""), await AskAsync(service, "/readyz"));
    }

    [Fact]
    public async Task A_service_is_ready_when_all_checks_are_healthy_and_says_why_when_not()
    {
        var outbox = HealthCheckResult.Unhealthy("no shard is held");
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("outbox", () => outbox)
            .AddCheck("relay", () => HealthCheckResult.Degraded("behind by 12")));

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"not ready","checks":[{"name":"outbox","healthy":false,"reason":"no shard is held"},{"name":"relay","healthy":true,"reason":"behind by 12"}]}"""),
            await AskAsync(service, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(service, "/livez")).Status);

        outbox = HealthCheckResult.Healthy();
        Assert.Equal(
            (HttpStatusCode.OK, """{"status":"ready","checks":[{"name":"outbox","healthy":true,"reason":"ok"},{"name":"relay","healthy":true,"reason":"behind by 12"}]}"""),
            await AskAsync(service, "/readyz"));
    }

    [Fact]
    public async Task The_log_has_each_change_once()
    {
        var outbox = HealthCheckResult.Unhealthy("no shard is held");
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks().AddCheck("outbox", () => outbox));

        await AskAsync(service, "/readyz");
        await AskAsync(service, "/readyz");
        outbox = HealthCheckResult.Healthy();
        await AskAsync(service, "/readyz");
        await AskAsync(service, "/readyz");

        var said = service.Logs.All.Where(record => record.Id.Id is >= 5020 and < 5030 || record.Text.Contains("outbox", StringComparison.Ordinal));
        Assert.Equal(["Not ready: outbox: no shard is held", "Ready"], said.Select(record => record.Text));
    }

    [Fact]
    public async Task What_an_exception_says_stays_in_the_log()
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("thrown", () => throw new InvalidOperationException("password=hunter2"))
            .AddCheck("told", () => HealthCheckResult.Unhealthy(exception: new InvalidOperationException("password=hunter2"))));

        var (status, json) = await AskAsync(service, "/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.DoesNotContain("hunter2", json, StringComparison.Ordinal);
        Assert.Contains("the check failed; the log says how", json, StringComparison.Ordinal);
        Assert.Equal(2, service.Logs.All.Count(record => record.Level == LogLevel.Error));
    }

    [Fact]
    public async Task Checks_tagged_live_count_for_livez_only()
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddCheck("loops", () => HealthCheckResult.Unhealthy("the relay's loop ended"), [HealthEndpoint.LiveTag]));

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"not live","checks":[{"name":"loops","healthy":false,"reason":"the relay's loop ended"}]}"""),
            await AskAsync(service, "/livez"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(service, "/readyz")).Status);
    }

    [Fact]
    public async Task A_check_that_never_answers_makes_the_service_not_ready()
    {
        await using var service = await TestService.StartAsync(builder => builder.Services.AddHealthChecks()
            .AddAsyncCheck("stuck", _ => new TaskCompletionSource<HealthCheckResult>().Task));

        var (status, json) = await AskAsync(service, "/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("no answer within 5 s", json, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Json)> AskAsync(TestService service, string path)
    {
        using var response = await service.Client.GetAsync(path).Within();
        return (response.StatusCode, await response.Content.ReadAsStringAsync().Within());
    }
}
