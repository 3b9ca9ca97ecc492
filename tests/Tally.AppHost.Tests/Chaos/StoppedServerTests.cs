using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Tests.Support;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Chaos;

/// <summary>The servers that the services stand on go away in the middle of a load with keys, and come back.</summary>
[Collection(nameof(WholeSystems))]
public sealed class StoppedServerTests
{
    private const int SigQuit = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AwayBriefly = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan AwayAMinute = TimeSpan.FromSeconds(60);

    /// <summary>Well below the time that a server is away which an add doesn't need, and enough for a busy machine.</summary>
    private static readonly TimeSpan Undisturbed = TimeSpan.FromSeconds(6);

    [KafkaFact]
    public async Task PostgreSQL_stopped_hard_and_started_again_loses_nothing_that_was_answered()
    {
        await using var whole = await WholeSystem.StartPairsAsync();
        await using var load = await SteadyLoad.BeginAsync(whole.System);

        // Killed, and away for longer than callers wait for an outcome.
        await whole.System.StopComponentAsync("postgres", kill: true).Within(Patience);
        await Task.Delay(AwayBriefly);
        await whole.System.StartComponentAsync("postgres", CancellationToken.None).Within(Patience);
        await load.AnswersAgainAsync(Patience);

        // Shut down at once, without a checkpoint and without a word to its clients; back as soon as it is started again.
        var pid = whole.System.State.Components["postgres"].Pid!.Value;
        Assert.Equal(0, Libc.Kill(pid, SigQuit));
        await whole.System.WaitForAsync("postgres", now => now.State == ComponentPhase.Ready && now.Pid != pid, CancellationToken.None).Within(Patience);
        await load.AnswersAgainAsync(Patience);

        await load.ProveAsync();
    }

    [KafkaFact]
    public async Task Adds_go_on_while_the_database_of_Totals_is_stopped_hard_and_the_total_catches_up()
    {
        await using var other = await PrivatePostgres.StartAsync();
        await using var totals = await other.CreateDatabaseAsync();
        await using var whole = await WholeSystem.StartPairsAsync(settings => settings with
        {
            ServiceSettings = new Dictionary<string, string>(settings.ServiceSettings, StringComparer.Ordinal)
            {
                ["Inbox:ConnectionString"] = totals.ConnectionString,
            },
        });
        await using var load = await SteadyLoad.BeginAsync(whole.System);

        load.TakeLongestCall();
        await other.KillAsync();
        await load.AnswersAllAlongAsync(Away, Undisturbed);
        Assert.InRange(load.TakeLongestCall(), TimeSpan.Zero, Undisturbed);
        await other.StartAgainAsync().Within(Patience);

        await load.ProveAsync();
    }

    [KafkaFact]
    public async Task The_database_of_the_Calculator_stopped_hard_and_started_again_loses_nothing_that_was_answered()
    {
        await using var other = await PrivatePostgres.StartAsync();
        await using var calculator = await other.CreateDatabaseAsync();
        await using var whole = await WholeSystem.StartPairsAsync(settings => settings with
        {
            ServiceSettings = new Dictionary<string, string>(settings.ServiceSettings, StringComparer.Ordinal)
            {
                ["Outbox:ConnectionString"] = calculator.ConnectionString,
            },
        });
        await using var load = await SteadyLoad.BeginAsync(whole.System);

        await other.KillAsync();
        await Task.Delay(AwayBriefly);
        await other.StartAgainAsync().Within(Patience);
        await load.AnswersAgainAsync(Patience);

        load.Outbox = calculator.ConnectionString;
        await load.ProveAsync();
    }

    [ThoroughFact]
    public Task Adds_go_on_while_Kafka_is_dead_under_load() => KillKafkaAsync(Away);

    [KafkaFact]
    public Task Adds_go_on_while_Kafka_stands_still_under_load() => FreezeKafkaAsync(Away);

    [ThoroughFact]
    public Task Adds_go_on_while_Kafka_is_dead_for_a_minute_under_load() => KillKafkaAsync(AwayAMinute);

    [ThoroughFact]
    public Task Adds_go_on_while_Kafka_stands_still_for_a_minute_under_load() => FreezeKafkaAsync(AwayAMinute);

    private static Task KillKafkaAsync(TimeSpan away) => WithoutKafkaAsync(
        away,
        async system =>
        {
            await system.StopComponentAsync("kafka", kill: true).Within(Patience);
            return () => system.StartComponentAsync("kafka", CancellationToken.None).Within(Patience);
        });

    private static Task FreezeKafkaAsync(TimeSpan away) => WithoutKafkaAsync(
        away,
        system =>
        {
            system.Freeze("kafka");
            return Task.FromResult(() =>
            {
                system.Thaw("kafka");
                return Task.CompletedTask;
            });
        });

    private static async Task WithoutKafkaAsync(TimeSpan away, Func<LocalSystem, Task<Func<Task>>> takeAwayAsync)
    {
        await using var whole = await WholeSystem.StartPairsAsync();
        await using var load = await SteadyLoad.BeginAsync(whole.System);

        load.TakeLongestCall();
        var bringBackAsync = await takeAwayAsync(whole.System);
        try
        {
            await load.AnswersAllAlongAsync(away, Undisturbed);
        }
        finally
        {
            await bringBackAsync();
        }

        Assert.InRange(load.TakeLongestCall(), TimeSpan.Zero, Undisturbed);
        await load.ProveAsync();
        Assert.Equal(0, await whole.RewindsAsync());
        if (away < AwayAMinute)
        {
            // What was not sent yet went out as soon as Kafka was back: no producer had to be given up for that.
            Assert.DoesNotContain("The Kafka producer failed", await whole.ReadLogAsync("calculator-1"), StringComparison.Ordinal);
            Assert.DoesNotContain("The Kafka producer failed", await whole.ReadLogAsync("calculator-2"), StringComparison.Ordinal);
        }
    }
}
