using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Tally.Grpc.Tests.Support;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Tally.Grpc.Tests;

public class HealthTests
{
    private const int Patience = 60_000;
    private HealthStatus _health = HealthStatus.Healthy;

    [Theory(Timeout = Patience)]
    [InlineData("")]
    [InlineData("grpc.testing.TestService")]
    public async Task The_hosts_checks_answer_for_the_server_and_its_services(string service)
    {
        await using var server = await Serve();
        var client = new Health.HealthClient(server.Channel);

        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        _health = HealthStatus.Degraded;
        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        _health = HealthStatus.Unhealthy;
        Assert.Equal(ServingStatus.NotServing, (await client.CheckAsync(new HealthCheckRequest { Service = service })).Status);
    }

    [Fact(Timeout = Patience)]
    public async Task An_unknown_service_is_not_found()
    {
        await using var server = await Serve();

        var thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = "no.such" }));

        Assert.Equal(StatusCode.NotFound, thrown.StatusCode);
    }

    [Fact(Timeout = Patience)]
    public async Task Who_watches_is_told_at_once_and_at_each_change()
    {
        await using var server = await Serve();
        using var watch = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());

        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);

        _health = HealthStatus.Unhealthy;
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
    }

    [Fact(Timeout = Patience)]
    public async Task Who_watches_an_unknown_service_is_told_that_it_is_unknown()
    {
        await using var server = await Serve();
        using var watch = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest { Service = "no.such" });

        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
    }

    [Fact(Timeout = Patience)]
    public async Task A_server_that_stops_does_not_wait_for_who_watches()
    {
        var server = await Serve();
        using var watch = new Health.HealthClient(server.Channel).Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext());

        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(10));

        Assert.False(await watch.ResponseStream.MoveNext());
        await server.DisposeAsync();
    }

    [Fact(Timeout = Patience)]
    public async Task All_services_are_listed()
    {
        await using var server = await Serve();

        var list = await new Health.HealthClient(server.Channel).ListAsync(new HealthListRequest());

        Assert.Equal(["", "grpc.health.v1.Health", "grpc.testing.TestService"], list.Statuses.Keys.Order(StringComparer.Ordinal));
    }

    private Task<TestServer> Serve() => TestServer.StartAsync(
        services =>
        {
            services.AddGrpc();
            services.AddGrpcHealthChecks().AddCheck("test", () => new HealthCheckResult(_health));
            services.Configure<HealthCheckPublisherOptions>(options => options.Period = TimeSpan.FromSeconds(1));
        },
        app =>
        {
            app.MapGrpcService<InteropService>();
            app.MapGrpcHealthChecksService();
        });
}
