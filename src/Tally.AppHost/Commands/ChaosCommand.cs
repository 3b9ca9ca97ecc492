using System.CommandLine;
using System.CommandLine.Parsing;
using Tally.AppHost.Commands.Chaos;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Commands;

/// <summary><c>chaos</c>: whatever dies, nothing is lost and nothing doubled.</summary>
internal static class ChaosCommand
{
    private const int UsualKills = 20;
    private const int MostKills = 100_000;

    private static readonly Option<long> Kills = CommonOptions.Number("--kills", "How many faults.", 1, MostKills, UsualKills);

    private static readonly Option<long> Minutes = CommonOptions.Number(
        "--minutes", "No further faults after so many minutes. Without --kills there are as many faults as fit.", 1, 10_080, 60);

    private static readonly Option<long?> Seed =
        CommonOptions.AnyNumber("--seed", "The same seed gives the same plan and the same numbers. A new one each time when left out.");

    private static readonly Option<IReadOnlyList<string>> Targets = new("--targets")
    {
        Description = $"Whom they befall, separated by commas: {string.Join(", ", ChaosPlan.Targets)}. All when left out.",
        HelpName = "NAMES",
        DefaultValueFactory = _ => ChaosPlan.Targets,
        CustomParser = ParseTargets,
    };

    private static readonly Option<long> Rate = CommonOptions.Number("--rate", "How many numbers are added a second.", 1, 100_000, 300);

    private static readonly Option<long> Timeout =
        CommonOptions.Timeout("How long to wait for the total when all is added.", max: 86_400, usual: 120);

    public static TallyCommand Create() =>
        new TallyCommand(
            "chaos",
            "Starts two Calculators and two Totals in a fresh folder (a temporary one without --data), has callers add random numbers while components are "
                + "killed and stopped at random and at labelled steps, and proves that each number is in the total once. Needs Kafka 4.",
            "./tally chaos --kills 60 --seed 1")
        { RunAsync = RunAsync }
            .Knows(Kills, Minutes, Seed, Targets, Rate, Timeout, CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var fresh = new FreshSystem(call, "chaos");
        var settings = ChaosStory.SettingsOf(fresh.ChooseFolder()) with { Kafka = await ChooseKafkaAsync(call) };
        var hasKills = call.Line.Has(Kills) || !call.Line.Has(Minutes);
        var seed = call.Line.GetValue(Seed) ?? Random.Shared.Next();
        var story = new ChaosStory(call.Output, call.Time)
        {
            Seed = seed,
            Plan = ChaosPlan.Make(seed, hasKills ? (int)call.Line.GetValue(Kills) : MostKills, call.Line.GetValue(Targets)!),
            AtMost = TimeSpan.FromMinutes(call.Line.GetValue(Minutes)),
            Rate = (int)call.Line.GetValue(Rate),
            Patience = call.Line.GetSeconds(Timeout),
        };
        call.Output.Note($"seed {story.Seed}");
        return await fresh.RunAsync(settings, story.RunAsync);
    }

    /// <summary>What is killed at any moment must be able to come back: an old Kafka on ZooKeeper can't.</summary>
    private static async Task<KafkaChoice> ChooseKafkaAsync(CommandCall call)
    {
        if (KafkaTool.Home is not null)
        {
            return KafkaChoice.Home;
        }

        try
        {
            var reporter = new StartReporter(call.Output);
            await ApacheKafka.GetAsync(new ToolCache(ToolCache.UsualFolder, reporter), reporter, CancellationToken.None);
            return KafkaChoice.Download;
        }
        catch (SystemProblemException problem)
        {
            throw new CommandException(
                "COMPONENT_FAILED",
                $"chaos needs Kafka 4, and there is none: set KAFKA_HOME to a distribution of Apache Kafka 4. ({problem.Message})",
                ExitCodes.NotRunning,
                problem);
        }
    }

    private static string[] ParseTargets(ArgumentResult result)
    {
        var targets = result.Tokens[^1].Value.Split(',', StringSplitOptions.TrimEntries);
        if (targets.FirstOrDefault(target => !ChaosPlan.Targets.Contains(target)) is { } unknown)
        {
            result.AddError($"--targets names '{unknown}', but each must be one of {string.Join(", ", ChaosPlan.Targets)}.");
        }

        return targets;
    }
}
