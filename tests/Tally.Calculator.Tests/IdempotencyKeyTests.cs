using Grpc.Core;
using Tally.Calculator.Tests.Support;
using Tally.TestSupport;

namespace Tally.Calculator.Tests;

[Collection(PostgresCollection.Name)]
public sealed class IdempotencyKeyTests(TestEnvironment environment)
{
    [Fact]
    public async Task The_same_key_gives_the_same_answer_and_one_stored_result()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        var first = await host.AddAsync("40", "2", "key");
        var second = await host.AddAsync("40", "2", "key");

        Assert.Equal("42", first.Result);
        Assert.Equal(first, second);
        Assert.Equal(1, await host.CountAsync());
    }

    [Fact]
    public async Task The_same_numbers_written_otherwise_are_the_same_request()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        var first = await host.AddAsync("1", "-2.5", "key");

        Assert.Equal(first, await host.AddAsync("1.0", "-02.500", "key"));
        Assert.Equal(1, await host.CountAsync());
    }

    [Theory]
    [InlineData("40", "3")]
    [InlineData("2", "40")]
    [InlineData("41", "1")]
    [InlineData("-40", "2")]
    public async Task A_key_with_other_numbers_is_refused_and_stores_nothing(string a, string b)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await host.AddAsync("40", "2", "key");

        var refused = await host.RefusalAsync(a, b, "key");

        Assert.Equal((StatusCode.InvalidArgument, "no"), (refused.Code, refused.Stored));
        Assert.Equal("The idempotency key belongs to another request, which is stored; use a new key for each request.", refused.Message);
        Assert.Equal(1, await host.CountAsync());
    }

    [Fact]
    public async Task A_key_of_more_than_128_bytes_is_refused_by_name_and_limit()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        var refused = await host.RefusalAsync("40", "2", new string('é', 64) + "x");

        Assert.Equal((StatusCode.InvalidArgument, "idempotency_key has 129 bytes of UTF-8; allowed: up to 128.", "no"), refused);
        Assert.Equal("42", (await host.AddAsync("40", "2", new string('é', 64))).Result);
    }

    [Fact]
    public async Task A_call_that_failed_is_not_remembered()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        var nines = new string('9', 18);
        Assert.Equal(StatusCode.OutOfRange, (await host.RefusalAsync(nines, "1", "key")).Code);
        Assert.Equal(StatusCode.InvalidArgument, (await host.RefusalAsync("x", "1", "key")).Code);

        Assert.Equal("3", (await host.AddAsync("1", "2", "key")).Result);
    }

    [Fact]
    public async Task The_retry_may_reach_another_instance()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var one = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:LeaseTime=00:00:01");
        await using var two = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:Shards=2", "--Outbox:LeaseTime=00:00:01");

        var first = await one.AddAsync("40", "2", "key");

        Assert.Equal(first, await two.AddAsync("40", "2", "key"));
        Assert.NotEqual(first.Position.Shard, (await two.AddAsync("40", "2", "another key")).Position.Shard);
    }
}
