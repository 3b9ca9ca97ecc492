using System.Diagnostics.CodeAnalysis;
using Confluent.Kafka;
using Grpc.Net.Client;
using Npgsql;
using Tally.AppHost.Tests.Support;
using Tally.Contracts.V1;
using Tally.Kafka;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Commands;

/// <summary>What an operator does about garbage in the topic and about a database that went back in time, on a real system.</summary>
public sealed class OperatorTests
{
    private const int Shards = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [KafkaFact]
    public async Task Garbage_is_listed_shown_judged_anew_and_discarded_for_a_reason()
    {
        await using var system = await StartAsync();
        await ProduceAsync(system, "0", "garbage\e[31m");
        await ProduceAsync(system, "0", "more garbage");

        var list = await system.RunAsync("quarantine", "list");
        await Eventually.TrueAsync(
            async () => (list = await system.RunAsync("quarantine", "list")).Answer.GetProperty("quarantined").GetArrayLength() == 2, Patience);
        var first = list.Answer.GetProperty("quarantined")[0];
        var id = first.GetProperty("id").GetInt64().ToString();
        Assert.Equal((0, "sums", false), (list.ExitCode, first.GetProperty("topic").GetString(), list.Answer.GetProperty("more").GetBoolean()));
        Assert.True(DateTimeOffset.TryParse(first.GetProperty("quarantined_at").GetString(), out _));

        var shown = (await system.RunAsync("quarantine", "show", id)).Answer.GetProperty("message");
        Assert.Equal("garbage\e[31m"u8.ToArray(), shown.GetProperty("value_base64").GetBytesFromBase64());
        var text = await system.ReadAsync("quarantine", "show", id);
        Assert.Contains("garbage.[31m", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', text);

        var (stays, replayed) = await system.RunAsync("quarantine", "replay", id);
        Assert.Equal(1, stays);
        Assert.StartsWith("still poison", replayed.GetProperty("outcome").GetString(), StringComparison.Ordinal);

        Assert.Equal(0, (await system.RunAsync("quarantine", "discard", id, "--why", "typed by hand")).ExitCode);
        var actions = (await system.RunAsync("quarantine", "show", id)).Answer.GetProperty("message").GetProperty("actions");
        Assert.Equal("typed by hand", actions.EnumerateArray().Single(action => action.GetProperty("action").GetString() == "discard").GetProperty("why").GetString());
        Assert.Equal(1, (await system.RunAsync("quarantine", "list")).Answer.GetProperty("quarantined").GetArrayLength());

        var (again, refused) = await system.RunAsync("quarantine", "discard", id, "--why", "twice");
        Assert.Equal((1, "FAILED_PRECONDITION"), (again, refused.GetProperty("error").GetProperty("code").GetString()));
        var (missing, unknown) = await system.RunAsync("quarantine", "show", "999999");
        Assert.Equal((1, "NOT_FOUND"), (missing, unknown.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(0, (await system.RunAsync("verify")).ExitCode);
    }

    [KafkaFact]
    public async Task A_fork_is_adopted_and_the_proof_holds_and_names_it()
    {
        await using var system = await StartAsync();
        var (wrongTime, refused) = await system.RunAsync("fork", "adopt", "--shard", "0");
        Assert.Equal((1, "FAILED_PRECONDITION"), (wrongTime, refused.GetProperty("error").GetProperty("code").GetString()));
        await AddAsync(system, 60);
        Assert.Equal(0, (await system.RunAsync("verify")).ExitCode);

        await system.System.StopComponentAsync("calculator-1");
        var shards = await GoBackInTimeAsync(system);
        await system.System.StartComponentAsync("calculator-1", CancellationToken.None).Within(Patience);
        await AddAsync(system, 60);

        await Eventually.TrueAsync(
            async () => (await system.RunAsync("verify", "--timeout", "5")).Answer.GetProperty("error").GetProperty("message").GetString()!.Contains("(fork)", StringComparison.Ordinal),
            Patience);
        long adopted = 0;
        foreach (var shard in shards)
        {
            var (code, answer) = await system.RunAsync("fork", "adopt", "--shard", $"{shard}");
            Assert.True(code == 0, answer.GetRawText());
            adopted += answer.GetProperty("adopted").GetProperty("count").GetInt64();
        }

        await AddAsync(system, 10);
        var (proved, proof) = await system.RunAsync("verify", "--timeout", "60");
        Assert.True(proved == 0, proof.GetRawText());
        Assert.True(adopted > 0);
        Assert.Equal(adopted, proof.GetProperty("adopted").GetProperty("count").GetInt64());
        Assert.Equal(
            proof.GetProperty("stored").GetProperty("count").GetInt64() + adopted, proof.GetProperty("applied").GetProperty("count").GetInt64());
        Assert.Contains("adopted", await system.ReadAsync("verify"), StringComparison.Ordinal);
    }

    private static Task<WholeSystem> StartAsync() => WholeSystem.StartAsync(settings => settings with
    {
        Totals = 2,
        ServiceSettings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Totals:History"] = "table", ["Outbox:Shards"] = $"{Shards}" },
    });

    private static async Task AddAsync(WholeSystem system, int calls)
    {
        using var channel = GrpcChannel.ForAddress(system.System.State.Components["calculator-1"].Endpoints["grpc"]);
        var client = new Calculator.CalculatorClient(channel);
        for (var call = 0; call < calls; call++)
        {
            await client.AddAsync(new AddRequest { A = "1", B = $"0.{call:00}" }).ResponseAsync.Within(Patience);
        }
    }

    /// <summary>Takes the newer half of each shard away, as a restored backup does.</summary>
    /// <returns>The shards that lost something.</returns>
    [SuppressMessage("Security", "CA2100", Justification = "The statements are this test's own.")]
    private static async Task<List<int>> GoBackInTimeAsync(WholeSystem system)
    {
        await using var database = NpgsqlDataSource.Create(system.System.Connections.Calculator.ConnectionString);
        await using var command = database.CreateCommand(
            """
            WITH half AS (SELECT shard, max(last_sequence) / 2 AS last FROM outbox.outbox_batches GROUP BY shard),
                 back AS (UPDATE outbox.progress p SET relayed = least(relayed, half.last) FROM half WHERE p.shard = half.shard)
            DELETE FROM outbox.outbox_batches b USING half WHERE b.shard = half.shard AND b.first_sequence > half.last RETURNING b.shard
            """);
        var shards = new HashSet<int>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            shards.Add(reader.GetInt32(0));
        }

        return [.. shards];
    }

    private static async Task ProduceAsync(WholeSystem system, string key, string value)
    {
        var connection = system.System.Connections.Kafka;
        Librdkafka.Load(new KafkaOptions { BootstrapServers = connection.BootstrapServers, LibraryPath = connection.LibraryPath });
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = connection.BootstrapServers }).Build();
        await producer.ProduceAsync(connection.Topic, new Message<string, string> { Key = key, Value = value }).Within(Patience);
    }
}
