using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.AppHost.Proof;

namespace Tally.AppHost.Commands;

/// <summary><c>verify</c>: the proof over everything ever stored.</summary>
internal static class VerifyCommand
{
    private static readonly Option<long> Timeout = CommonOptions.Timeout("How long to wait for what is on its way.", max: 86_400, usual: 30);

    public static TallyCommand Create() =>
        new TallyCommand(
            "verify",
            "Proves that everything ever stored is in Kafka and in the total, once: adds it up at each place and compares, also under traffic.",
            "./tally verify --timeout 60")
        { RunAsync = RunAsync }
            .Knows(Timeout, CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var began = call.Time.GetTimestamp();
        var addresses = await ServiceChoice.FindAllAsync(call, ServiceNames.Totals, ComponentNames.Http);
        var connections = SystemFiles.TryReadConnections(call.DataFolder)
            ?? throw CommandException.NotRunning($"{call.DataFolder} holds no connections.json: run {SystemFiles.Command("up", call.DataFolder)}");
        await using var sources = new LiveSources(connections.Calculator.ConnectionString, addresses);
        var evidence = await CollectAsync(call, sources);
        var components = await ComponentProbe.AskAsync(call.ReadRunning(), CancellationToken.None);
        var report = new ProofReport(evidence, Books: null, Judge.ProblemsOf(evidence))
        {
            Seconds = call.Time.GetElapsedTime(began).TotalSeconds,
            Components = components,
        };
        return report.Tell(call.Output);
    }

    private static async Task<Evidence> CollectAsync(CommandCall call, LiveSources sources)
    {
        using var status = new StatusLine(call.Output.Terminal, call.Time);
        return await new ProofRun(sources, call.Time).CollectAsync(call.Line.GetSeconds(Timeout), status.Show, CancellationToken.None);
    }
}
