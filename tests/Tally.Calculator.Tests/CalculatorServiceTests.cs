using System.Globalization;
using Grpc.Core;
using Npgsql;
using Tally.Calculator.Tests.Support;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.Calculator.Tests;

/// <summary>The service over real gRPC, on a real PostgreSQL.</summary>
[Collection(CalculatorCollection.Name)]
public sealed class CalculatorServiceTests(TestEnvironment environment)
{
    private const string NothingListens = "Host=127.0.0.1;Port=1;Username=nobody;Database=none;Timeout=2";

    [KafkaFact]
    public async Task A_sum_is_answered_with_its_place_and_stored_there()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        var first = await host.AddAsync("40", "2.50");
        var second = await host.AddAsync("999999999999999999", "-999999999999999999.000000001");

        Assert.Equal(("42.5", "-0.000000001"), (first.Result, second.Result));
        Assert.Equal((0, 1, 2), (first.Position.Shard, first.Position.Sequence, second.Position.Sequence));
        Assert.Equal(first.Position.Epoch, second.Position.Epoch);
        Assert.Equal("42.499999999", SumComputed.Parser.ParseFrom(await host.QueryAsync<byte[]>(
            "SELECT payloads[array_length(payloads, 1)] FROM outbox.outbox_batches ORDER BY first_sequence DESC LIMIT 1")).ShardTotal);
    }

    [KafkaFact]
    public async Task What_is_no_amount_is_refused_by_name_and_stores_nothing()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        const string allowed = "allowed: an optional '-', 1 to 18 digits, optionally a point and 1 to 9 digits.";
        string[] wrong = ["abc", "", "1e5", "١", new string('9', 40), "0x10", "NaN", " 1", "1 ", "+1", "1.", ".5", "1,5", "--1", "1.0000000000"];

        foreach (var text in wrong)
        {
            Assert.Equal((StatusCode.InvalidArgument, $"a is {Faults.Show(text)}; {allowed}", "no"), await host.RefusalAsync(text, "1"));
            Assert.Equal((StatusCode.InvalidArgument, $"b is {Faults.Show(text)}; {allowed}", "no"), await host.RefusalAsync("1", text));
        }

        Assert.Equal(0, await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox_batches"));
    }

    [KafkaFact]
    public async Task A_result_out_of_range_is_refused_and_stores_nothing()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        Assert.Equal(
            (StatusCode.OutOfRange, "The result 1000000000000000000 needs more than 18 integer digits.", "no"),
            await host.RefusalAsync("999999999999999999", "1"));
        Assert.Equal(
            (StatusCode.OutOfRange, "The result -1000000000000000000 needs more than 18 integer digits.", "no"),
            await host.RefusalAsync("-999999999999999999", "-1"));

        Assert.Equal(0, await host.QueryAsync<long>("SELECT count(*) FROM outbox.outbox_batches"));
    }

    [KafkaFact]
    public async Task A_shard_at_the_limit_of_its_total_refuses_and_still_takes_what_fits()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using (var before = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString))
        {
            await before.AddAsync("1", "0");
            await using var command = before.Database.CreateCommand("UPDATE outbox.outbox_batches SET state = convert_to(repeat('9', 26), 'UTF8')");
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);

        Assert.Equal(
            (StatusCode.OutOfRange, "The total of the shard would need more than 26 integer digits.", "no"), await host.RefusalAsync("0.5", "0.5"));
        Assert.Equal(2, (await host.AddAsync("-3", "1")).Position.Sequence);
    }

    [KafkaFact]
    public async Task While_the_queue_is_full_calls_are_refused_at_once_and_those_in_it_are_answered()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:QueueCapacity=1");
        await using var held = await HoldCommitsAsync(host);

        var waiting = host.AddAsync("40", "2");
        await Eventually.TrueAsync(() => host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"), CalculatorHost.Soon);
        var (code, message, stored) = await host.RefusalAsync("1", "1");

        Assert.Equal((StatusCode.ResourceExhausted, "no"), (code, stored));
        Assert.StartsWith("Too many calls wait for a commit (1 in a shard)", message, StringComparison.Ordinal);
        await held.RollbackAsync();
        Assert.Equal(1, (await waiting.Within(CalculatorHost.Soon)).Position.Sequence);
        Assert.Equal(2, (await host.AddAsync("1", "1")).Position.Sequence);
    }

    [KafkaFact]
    public async Task Who_is_refused_by_a_full_queue_is_told_over_the_wire_when_to_come_back()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:QueueCapacity=1");
        await host.AddAsync("1", "1");
        await using var held = await HoldCommitsAsync(host);
        var waiting = host.AddAsync("40", "2");
        await Eventually.TrueAsync(() => host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"), CalculatorHost.Soon);

        var refusal = await Assert.ThrowsAsync<RpcException>(() => host.AddAsync("1", "1"));

        var details = Google.Rpc.Status.Parser.ParseFrom(refusal.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.True(Assert.Single(details.Details).Unpack<Google.Rpc.RetryInfo>().RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        await held.RollbackAsync();
        await waiting.Within(CalculatorHost.Soon);
    }

    [KafkaTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_stored_for_who_is_gone_before_the_commit(bool hasDeadline)
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await using var held = await HoldCommitsAsync(host);
        var waiting = host.AddAsync("40", "2");
        await Eventually.TrueAsync(() => host.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)"), CalculatorHost.Soon);

        using var leave = new CancellationTokenSource();
        DateTime? deadline = hasDeadline ? CalculatorHost.Deadline(CalculatorHost.Soon) : null;
        var gone = Enumerable.Range(0, 10)
            .Select(_ => host.Client.AddAsync(new AddRequest { A = "1", B = "1" }, deadline: deadline, cancellationToken: leave.Token).ResponseAsync).ToArray();
        await Eventually.TrueAsync(async () => await QueueLengthAsync(host) == 11, CalculatorHost.Soon);
        await leave.CancelAsync();
        await Task.WhenAll(gone.Select(call => Assert.ThrowsAsync<RpcException>(() => call)));

        // A call behind them on the same connection: by the time that it waits, the server knows that they are gone.
        var last = host.AddAsync("1", "2");
        await Eventually.TrueAsync(async () => await QueueLengthAsync(host) == 12, CalculatorHost.Soon);
        await held.RollbackAsync();

        Assert.Equal((1, 2), ((await waiting.Within(CalculatorHost.Soon)).Position.Sequence, (await last.Within(CalculatorHost.Soon)).Position.Sequence));
        Assert.Equal(2, await host.CountAsync());
    }

    [KafkaFact]
    public async Task A_call_whose_deadline_passes_during_its_commit_is_not_said_to_be_unstored()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString);
        await using var held = await HoldCommitsAsync(host);

        var late = await Assert.ThrowsAsync<RpcException>(async () => await host.Client.AddAsync(
            new AddRequest { A = "40", B = "2" }, deadline: CalculatorHost.Deadline(TimeSpan.FromSeconds(1))));

        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
        Assert.Null(late.Trailers.GetValue(CalculatorHost.StoredTrailer));
        await held.RollbackAsync();
        Assert.Equal(2, (await host.AddAsync("1", "1")).Position.Sequence);
    }

    [KafkaTheory]
    [InlineData(NothingListens)]
    [InlineData("Host=no-such-host.invalid;Username=nobody;Database=none")]
    public async Task Without_its_database_the_service_runs_refuses_and_says_why_it_is_not_ready(string database)
    {
        await using var host = await CalculatorHost.StartUnreadyAsync(environment.Kafka, database);

        var (code, _, stored) = await host.RefusalAsync("1", "1");

        Assert.Equal((StatusCode.Unavailable, "no"), (code, stored));
        var (ready, why) = await host.GetAsync("/readyz");
        Assert.Equal(503, ready);
        Assert.Contains("the database doesn't answer", why, StringComparison.Ordinal);
        Assert.Equal(200, (await host.GetAsync("/livez")).Code);
    }

    private static async Task<int> QueueLengthAsync(CalculatorHost host)
    {
        var line = (await host.GetAsync("/metrics")).Text.Split('\n').Single(line => line.StartsWith("tally_outbox_queue_length{", StringComparison.Ordinal));
        return int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>What a commit needs of the shard is held by somebody else until the transaction ends.</summary>
    private static async Task<NpgsqlTransaction> HoldCommitsAsync(CalculatorHost host)
    {
        var connection = await host.Database.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("SELECT 1 FROM outbox.shards FOR UPDATE", connection, transaction);
        await command.ExecuteNonQueryAsync();
        return transaction;
    }
}
