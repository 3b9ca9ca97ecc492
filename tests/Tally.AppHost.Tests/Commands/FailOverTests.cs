using System.Runtime.Versioning;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;
using Tally.AppHost.Tests.Chaos;
using Tally.AppHost.Tests.Support;
using Tally.Contracts.V1;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Commands;

/// <summary>PostgreSQL dies for good, and its replica takes over, as docs/operations.md tells it.</summary>
[SupportedOSPlatform("linux")]
[Collection(nameof(WholeSystems))]
public sealed class FailOverTests
{
    private const int Enough = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [KafkaFact]
    public async Task Nothing_that_was_answered_is_lost_when_a_synchronous_replica_takes_over_under_load()
    {
        await using var primary = await PrivatePostgres.StartAsync();
        var admin = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        await using var standby = await Standby.StartSynchronousAsync(admin);
        await using var system = await WholeSystem.StartAsync(settings => settings with
        {
            Postgres = $"Host={admin.Host}:{admin.Port},{admin.Host}:{standby.Port};Target Session Attributes=read-write;Host Recheck Seconds=1;"
                + $"Username={admin.Username};Password={admin.Password}",
        });

        var load = new Load(system.System.State.Components["calculator-1"].Endpoints["grpc"]);
        await load.AnsweredAsync(Enough);
        await primary.KillAsync();
        await standby.PromoteAsync();
        await load.AnsweredAsync(load.Answered + Enough);
        var answered = await load.StopAsync();

        var (proved, proof) = await system.RunAsync("verify", "--timeout", "60");
        Assert.True(proved == 0, proof.GetRawText());
        Assert.False(proof.TryGetProperty("adopted", out _), proof.GetRawText());
        Assert.Equal(answered, proof.GetProperty("stored").GetProperty("count").GetInt64());
        Assert.Equal(answered, proof.GetProperty("applied").GetProperty("count").GetInt64());
    }

    /// <summary>One caller after another, each of whom asks with the same key until there is an answer.</summary>
    private sealed class Load
    {
        private readonly Task _running;
        private volatile int _answered;
        private volatile bool _enough;

        public Load(string address) => _running = Task.Run(() => RunAsync(address));

        public int Answered => _answered;

        public Task AnsweredAsync(int calls) => Eventually.TrueAsync(() => Answered >= calls, Patience);

        public async Task<int> StopAsync()
        {
            _enough = true;
            await _running.Within(Patience);
            return Answered;
        }

        private async Task RunAsync(string address)
        {
            using var channel = GrpcChannel.ForAddress(address);
            var client = new Calculator.CalculatorClient(channel);
            while (!_enough)
            {
                var request = new AddRequest { A = "1", B = "0.5", IdempotencyKey = Guid.NewGuid().ToString() };
                while (!await TryAsync(client, request))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50));
                }

                _answered++;
            }
        }

        private static async Task<bool> TryAsync(Calculator.CalculatorClient client, AddRequest request)
        {
            try
            {
                await client.AddAsync(request).ResponseAsync.Within(Patience);
                return true;
            }
            catch (RpcException)
            {
                return false;
            }
        }
    }
}
