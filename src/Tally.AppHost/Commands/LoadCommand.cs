using System.CommandLine;
using System.Globalization;
using Tally.AppHost.Commands.Load;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Commands;

/// <summary><c>load</c>: how much it takes, with the proof that nothing was lost on the way there.</summary>
internal static class LoadCommand
{
    private const int MostUsers = 20_000;

    private static readonly Argument<string> Scenario = new("SCENARIO")
    {
        Description = string.Join(" ", LoadScenario.All.Select(scenario => $"{scenario.Name}: {scenario.What} ({scenario.Rate:N0}/s, {scenario.Length.TotalSeconds:N0} s, {scenario.Users:N0} users)")),
        DefaultValueFactory = _ => "load",
        Validators =
        {
            result =>
            {
                if (result.Tokens is [{ Value: var name }] && LoadScenario.All.All(scenario => scenario.Name != name))
                {
                    result.AddError($"SCENARIO is '{name}', but it must be one of {string.Join(", ", LoadScenario.All.Select(scenario => scenario.Name))}.");
                }
            },
        },
    };

    // 0 stands for the scenario's own.
    private static readonly Option<long> Rate = Own("--rate", "Calls a second; what that is in each scenario is said above.", 1_000_000);
    private static readonly Option<long> Duration = Own("--duration", "Seconds; of a step where there are steps.", 86_400);
    private static readonly Option<long> Users = Own("--users", "How many users there are: each waits for its answer before it makes its next call.", MostUsers);

    private static readonly Option<bool> BuiltIn =
        CommonOptions.Flag("--builtin", "Use the generator that this program brings, not k6: it needs nothing, and less of the machine.");

    private static readonly Option<string?> Out = new("--out")
    {
        Description = "The folder for the summary (JSON, text, HTML, SVG). A new one in artifacts/load when left out.",
        HelpName = "DIR",
        Validators = { CommonOptions.RefuseEmpty },
    };

    private static readonly Option<long?> Seed =
        CommonOptions.AnyNumber("--seed", "The same seed gives the same numbers, with --builtin. A new one each time when left out.");

    private static readonly Option<long> Timeout =
        CommonOptions.Timeout("How long to wait for the total when all is added.", max: 86_400, usual: 120);

    public static TallyCommand Create() =>
        new TallyCommand(
            "load",
            "Adds random numbers at a rate, whatever the answers do (an open model), and proves that each that was answered is in the total once. Loads the system that runs; "
                + "where none does, one in a fresh folder. Nobody else may add meanwhile. With k6 where it is on the PATH, else with a generator of its own.",
            "./tally load stress --builtin")
        { RunAsync = RunAsync }
            .Takes(Scenario)
            .Knows(Rate, Duration, Users, BuiltIn, Out, Seed, Timeout, CommonOptions.Json)
            .Knows(SystemOptions.Parts);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var plan = PlanOf(call);
        var generator = await ChooseAsync(call);
        var story = new LoadStory(plan, generator, call.Output, call.Time);
        if (generator.Seed is { } seed)
        {
            call.Output.Note($"seed {seed}");
        }

        if (TryReadRunning(call) is { } running)
        {
            using var signals = new StopSignals();
            return (await story.RunAsync(running, isFresh: false, signals.Asked)).Tell(call.Output);
        }

        var fresh = new FreshSystem(call, "load");
        var settings = SystemOptions.Read(call.Line, fresh.ChooseFolder()) with
        {
            Parts = SystemParts.All & ~SystemParts.Grafana,
            Ports = WantedPorts.Free,
        };
        return await fresh.RunAsync(
            settings, (system, stop) => story.RunAsync(new LoadTarget(system.State, system.Connections.Calculator.ConnectionString), isFresh: true, stop));
    }

    private static LoadPlan PlanOf(CommandCall call)
    {
        var scenario = LoadScenario.All.First(scenario => scenario.Name == call.Line.GetValue(Scenario));
        var length = call.Line.GetSeconds(Duration);
        return new LoadPlan(
            scenario,
            call.Line.GetValue(Rate) is > 0 and var rate ? (int)rate : scenario.Rate,
            length > TimeSpan.Zero ? length : scenario.Length,
            call.Line.GetValue(Users) is > 0 and var users ? (int)users : scenario.Users,
            call.Line.GetSeconds(Timeout),
            Path.GetFullPath(call.Line.GetValue(Out) ?? UsualFolder(call, scenario)));
    }

    private static string UsualFolder(CommandCall call, LoadScenario scenario) => Path.Combine(
        Checkout.TryFindRoot() ?? ".", "artifacts", "load", $"{call.Time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{scenario.Name}");

    private static async Task<ILoadGenerator> ChooseAsync(CommandCall call)
    {
        var builtIn = new BuiltInGenerator(call.Line.GetValue(Seed) ?? Random.Shared.Next(), call.Output, call.Time);
        if (call.Line.GetValue(BuiltIn))
        {
            return builtIn;
        }

        if (Checkout.TryFindRoot() is { } root && await K6Tool.TryFindAsync(CancellationToken.None) is { } k6)
        {
            if (call.Line.Has(Seed))
            {
                throw CommandException.Usage("--seed is for --builtin: k6 makes numbers of its own.");
            }

            return new K6Generator(k6, Path.Combine(root, "load"), call.Output);
        }

        call.Output.Note($"k6 isn't on the PATH (or its scripts aren't there), so the built-in generator makes the calls. {K6Tool.HowToGet}");
        return builtIn;
    }

    /// <summary>The system that runs at the data folder, or null.</summary>
    /// <exception cref="CommandException">It isn't ready, or it is asked to be made of something.</exception>
    private static LoadTarget? TryReadRunning(CommandCall call)
    {
        if (SystemFiles.TryReadState(call.DataFolder) is not { } state || !SystemFiles.IsRunning(state))
        {
            return null;
        }

        if (state.State != SystemPhase.Ready || SystemFiles.TryReadConnections(call.DataFolder) is not { } connections)
        {
            throw CommandException.NotRunning($"The system in '{call.DataFolder}' isn't ready: it is {state.State.ToString().ToLowerInvariant()}.");
        }

        return SystemOptions.Parts.FirstOrDefault(call.Line.Has) is { } part
            ? throw CommandException.Usage($"A system runs in '{call.DataFolder}', so {part.Name} comes too late. Stop it with {SystemFiles.Command("down", call.DataFolder)}, or name a folder that doesn't exist with --data.")
            : new LoadTarget(state, connections.Calculator.ConnectionString);
    }

    private static Option<long> Own(string name, string description, long most) =>
        CommonOptions.Number(name, $"{description} The scenario's own when left out.", 1, most, 0);
}
