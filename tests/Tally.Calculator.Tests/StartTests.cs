using System.Diagnostics;
using Tally.Calculator.Tests.Support;
using Tally.TestSupport;

namespace Tally.Calculator.Tests;

/// <summary>The real program: what can't work by trying again ends it with 2 and one sentence, so that nobody starts it again and again.</summary>
[Collection(CalculatorCollection.Name)]
public sealed class StartTests(TestEnvironment environment)
{
    [KafkaFact]
    public async Task Fewer_shards_than_the_database_has_are_2()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using (await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString, "--Outbox:Shards=3"))
        {
        }

        Assert.Equal(
            (2, "Outbox:Shards is '2', but the database has 3 shards already; allowed: 3 to 128."),
            await RunAsync(database.ConnectionString, "--Outbox:Shards=2"));
    }

    [KafkaFact]
    public async Task A_database_of_a_newer_program_is_2()
    {
        await using var database = await environment.CreateDatabaseAsync();
        await using (var host = await CalculatorHost.StartAsync(environment.Kafka, database.ConnectionString))
        {
            await using var command = host.Database.CreateCommand("UPDATE outbox.system SET schema_version = 99, readable_by = 98");
            await command.ExecuteNonQueryAsync();
        }

        var (code, error) = await RunAsync(database.ConnectionString, "--Outbox:Shards=1");

        Assert.Equal(2, code);
        Assert.Matches("^Outbox:Schema is 'outbox', whose tables have version 99; allowed: versions up to [0-9]+. Use a newer program.$", error);
    }

    [Theory]
    [InlineData("Host=x;Password=hidden;Colour=red")]
    [InlineData("Host=x;Password=hidden;Port=many")]
    [InlineData("Database=x;Password=hidden")]
    public async Task A_connection_string_that_cannot_be_read_is_2_and_not_shown(string connectionString)
    {
        var (code, error) = await RunAsync(connectionString);

        Assert.Equal(2, code);
        Assert.StartsWith("Outbox:ConnectionString can't be read: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    private async Task<(int Code, string Error)> RunAsync(string connectionString, params string[] more)
    {
        string[] arguments =
        [
            "--Listen:Grpc=127.0.0.1:0", "--Listen:Http=127.0.0.1:0", $"--Outbox:ConnectionString={connectionString}",
            $"--Outbox:Kafka:BootstrapServers={environment.Kafka.BootstrapServers}", $"--Outbox:Kafka:LibraryPath={environment.Kafka.LibraryPath}", .. more,
        ];
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(SumEncoder).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().Within(CalculatorHost.Soon);
            await output;
            return (process.ExitCode, (await error).Trim());
        }
        finally
        {
            process.Kill();
        }
    }
}
