using Grpc.Core;
using Tally.Calculator.Tests.Support;
using Tally.TestSupport;

namespace Tally.Calculator.Tests;

[Collection(CalculatorCollection.Name)]
public sealed class ReadinessTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task An_instance_without_a_shard_is_not_ready_until_it_gets_one()
    {
        await using var database = await environment.CreateDatabaseAsync();
        var owner = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Calculator:Instance=calculator-1", "--Outbox:LeaseTime=00:00:01");
        await using var other = await CalculatorHost.StartUnreadyAsync(
            environment.Kafka, database.ConnectionString, "--Calculator:Instance=calculator-2", "--Outbox:LeaseTime=00:00:01");

        // It has asked the database by then, and was told that the only shard is another's.
        await Eventually.TrueAsync(async () => (await other.GetAsync("/readyz")).Text.Contains("this instance owns no shard", StringComparison.Ordinal), CalculatorHost.Soon);
        Assert.Equal(503, (await other.GetAsync("/readyz")).Code);
        Assert.Equal(200, (await owner.GetAsync("/readyz")).Code);
        var (code, message, stored) = await other.RefusalAsync("1", "1");
        Assert.Equal((StatusCode.Unavailable, "no"), (code, stored));
        Assert.Contains("owns no shard", message, StringComparison.Ordinal);

        await owner.DisposeAsync();

        await Eventually.TrueAsync(async () => (await other.GetAsync("/readyz")).Code == 200, CalculatorHost.Soon);
        Assert.Equal("2", (await other.AddAsync("1", "1")).Result);
    }
}
