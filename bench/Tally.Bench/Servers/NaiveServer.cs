using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tally.AppHost.Hosting;
using Tally.Calculator;
using Tally.Outbox;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;

namespace Tally.Bench.Servers;

/// <summary>The Calculator with the outbox that one would write first: a row and a transaction for each call.</summary>
internal static class NaiveServer
{
    private const string Variable = "TALLY_BENCH_DATABASE";

    /// <summary>Starts it in a process of its own.</summary>
    /// <param name="system">Whose PostgreSQL it stores in.</param>
    /// <param name="delayed">Whether commits wait for others to share their sync with, PostgreSQL's own way of group commit.</param>
    public static Task<ServerProcess> StartAsync(LocalSystem system, bool delayed)
    {
        // Only who may do everything may set the delay, so it's that role for both.
        var connection = new NpgsqlConnectionStringBuilder(system.Connections.Postgres.ConnectionString)
        {
            MaxAutoPrepare = 4,

            // The servers of both need connections beside each other.
            MaxPoolSize = 20,
            Options = delayed ? "-c commit_delay=500 -c commit_siblings=2" : null,
        };
        return ServerProcess.StartAsync(
            Environment.ProcessPath!,
            new Dictionary<string, string>(StringComparer.Ordinal) { [Variable] = connection.ConnectionString },
            "serve",
            "naive");
    }

    public static Task<int> RunAsync(string[] args) => TallyService.RunAsync(args, static args =>
    {
        var database = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable(Variable)!);
        using var create = database.CreateCommand("CREATE TABLE IF NOT EXISTS naive (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload bytea NOT NULL)");
        create.ExecuteNonQuery();
        var builder = TallyService.CreateBuilder(args);
        builder.AddTallyListeners(grpc: "127.0.0.1:0", http: "127.0.0.1:0");
        builder.AddTallyTelemetry("calculator", "naive", "Tally.Grpc.Server");
        builder.Services.AddGrpc();
        builder.Services.AddOptions<CalculatorOptions>();
        builder.Services.AddSingleton(database);
        builder.Services.AddSingleton<IOutbox<Amount>, RowOutbox>();
        builder.Services.AddSingleton<CalculatorService>();
        var app = builder.Build();
        app.MapGrpcService<CalculatorService>();
        app.MapTallyTelemetry();
        return app;
    });

    private sealed class RowOutbox(NpgsqlDataSource database) : IOutbox<Amount>
    {
        public async ValueTask<OutboxPosition> AppendAsync(OutboxMessage<Amount> message, CancellationToken cancellationToken = default)
        {
            await using var insert = database.CreateCommand("INSERT INTO naive (payload) VALUES ($1) RETURNING id");
            insert.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Encoding.UTF8.GetBytes(message.Item.ToString()) });
            return new OutboxPosition(Guid.Empty, 1, 1, 1, (long)(await insert.ExecuteScalarAsync(cancellationToken))!);
        }
    }
}
