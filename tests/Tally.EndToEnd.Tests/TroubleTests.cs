using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.Contracts.V1;
using Tally.TestSupport;
using CalculatorClient = Tally.Contracts.V1.Calculator.CalculatorClient;

namespace Tally.EndToEnd.Tests;

[Collection(nameof(SharedSystem))]
public sealed class TroubleTests(RunningSystem system)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Standstill = TimeSpan.FromSeconds(30);

    [KafkaFact]
    public async Task Adds_fail_with_a_code_while_PostgreSQL_is_away_and_work_again_by_themselves()
    {
        using var channel = GrpcChannel.ForAddress(await system.EndpointAsync("calculator-1", "grpc"));
        var client = new CalculatorClient(channel);
        var before = await CountAsync();
        long accepted = 0, unknown = 0;
        var codes = new HashSet<StatusCode>();
        await AddAsync();
        Assert.Equal(1, accepted);

        await Signals.KillAsync(await system.PidOfAsync("postgres"));
        await Eventually.TrueAsync(async () => !await AddAsync(), Patience);
        await Eventually.TrueAsync(AddAsync, Patience);

        Assert.Equal([StatusCode.Unavailable], codes);
        (await system.RunAsync("verify", "--timeout", "60")).With(0);
        Assert.InRange(await CountAsync(), before + accepted, before + accepted + unknown);

        async Task<bool> AddAsync()
        {
            try
            {
                await client.AddAsync(new AddRequest { A = "1", B = "1" }, deadline: DateTimeOffset.UtcNow.UtcDateTime + Deadline);
                accepted++;
                return true;
            }
            catch (RpcException failure)
            {
                unknown += failure.Trailers.GetValue("tally-stored") == "no" ? 0 : 1;
                codes.Add(failure.StatusCode);
                return false;
            }
        }
    }

    [KafkaFact("pkill")]
    public async Task Metrics_and_liveness_answer_while_PostgreSQL_and_Kafka_stand_still()
    {
        using var http = new HttpClient { Timeout = Deadline };
        Uri[] services = [new(await system.EndpointAsync("calculator-1", "http")), new(await system.EndpointAsync("totals-1", "http"))];
        var (postgres, kafka) = (await system.PidOfAsync("postgres"), await system.PidOfAsync("kafka"));
        try
        {
            await Signals.FreezeTreeAsync(postgres);
            await Signals.FreezeAsync(kafka);
            for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5);)
            {
                foreach (var service in services)
                {
                    Assert.Contains("\ntally_build_info{", await http.GetStringAsync(new Uri(service, "/metrics")), StringComparison.Ordinal);
                    await http.GetStringAsync(new Uri(service, "/livez"));
                }

                await Task.Delay(TimeSpan.FromMilliseconds(250));
            }
        }
        finally
        {
            await Signals.ThawAsync(kafka);
            await Signals.ThawTreeAsync(postgres);
        }

        await Eventually.TrueAsync(async () => (await system.RunAsync("add", "1", "1", "--wait")).ExitCode == 0, Patience);
    }

    [ThoroughFact]
    public async Task Adds_go_on_while_Kafka_stands_still_for_half_a_minute_and_the_total_catches_up()
    {
        var kafka = await system.PidOfAsync("kafka");
        var before = await CountAsync();
        var added = 0;
        await Signals.FreezeAsync(kafka);
        var began = Stopwatch.GetTimestamp();
        try
        {
            for (; Stopwatch.GetElapsedTime(began) < Standstill; added++)
            {
                (await system.RunAsync("add", "1", "1")).With(0);
            }
        }
        finally
        {
            await Signals.ThawAsync(kafka);
        }

        (await system.RunAsync("verify", "--timeout", "60")).With(0);
        Assert.Equal(before + added, await CountAsync());
    }

    [ThoroughFact]
    public async Task Adds_go_on_while_Kafka_is_dead_and_the_total_catches_up()
    {
        var kafka = await system.PidOfAsync("kafka");
        var before = await CountAsync();

        await Signals.KillAsync(kafka);
        for (var add = 0; add < 5; add++)
        {
            (await system.RunAsync("add", "1", "1")).With(0);
        }

        (await system.RunAsync("verify", "--timeout", "90")).With(0);
        Assert.Equal(before + 5, await CountAsync());
    }

    [KafkaTheory]
    [InlineData("calculator-1")]
    [InlineData("totals-1")]
    public async Task A_killed_service_is_started_again_at_the_same_place(string service)
    {
        var pid = await system.PidOfAsync(service);
        var place = await system.EndpointAsync(service, "grpc");

        await Signals.KillAsync(pid);

        await Eventually.TrueAsync(
            async () => (await system.RunAsync("status")).ExitCode == 0 && await system.PidOfAsync(service) != pid, Patience);
        Assert.Equal(place, await system.EndpointAsync(service, "grpc"));
        await Eventually.TrueAsync(async () => (await system.RunAsync("add", "1", "1", "--wait")).ExitCode == 0, Patience);
        (await system.RunAsync("verify", "--timeout", "60")).With(0);
    }

    private async Task<long> CountAsync() =>
        (await system.RunAsync("verify", "--json", "--timeout", "60")).With(0).Json.GetProperty("stored").GetProperty("count").GetInt64();
}
