using System.CommandLine;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Commands;

/// <summary><c>demo</c>: the whole story once, with its proof.</summary>
internal static class DemoCommand
{
    private static readonly Option<long> Calls = CommonOptions.Number("--calls", "How many numbers are added.", 1, 100_000_000, 10_000);
    private static readonly Option<long> Callers = CommonOptions.Number("--callers", "How many callers share them.", 1, 4_096, 64);

    private static readonly Option<long?> Seed =
        CommonOptions.AnyNumber("--seed", "The same seed gives the same numbers. A new one each time when left out.");

    private static readonly Option<long> Timeout =
        CommonOptions.Timeout("How long to wait for the total when all is added.", max: 86_400, usual: 120);

    public static TallyCommand Create() =>
        new TallyCommand(
            "demo",
            "Starts a system in a fresh folder (a temporary one without --data), has callers add random numbers, "
                + "proves that each is in the total once, and stops it.",
            "./tally demo --calls 50000 --seed 7")
        { RunAsync = RunAsync }
            .Knows(Calls, Callers, Seed, Timeout, CommonOptions.Json)
            .Knows(SystemOptions.Parts);

    private static Task<int> RunAsync(CommandCall call)
    {
        var fresh = new FreshSystem(call, "demo");
        var settings = SystemOptions.Read(call.Line, fresh.ChooseFolder()) with
        {
            // It is over before anybody could look.
            Parts = SystemParts.All & ~SystemParts.Grafana,
            Ports = WantedPorts.Free,
        };
        var plan = new DemoPlan(
            call.Line.GetValue(Calls),
            (int)call.Line.GetValue(Callers),
            call.Line.GetValue(Seed) ?? Random.Shared.Next(),
            call.Line.GetSeconds(Timeout));
        call.Output.Note($"seed {plan.Seed}");
        return fresh.RunAsync(settings, (system, stop) => new DemoRun(plan, call.Output, call.Time).RunAsync(system, stop));
    }
}
