using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary><c>total</c>: the running total, once or as it changes.</summary>
internal static class TotalCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private static readonly Option<bool> Watch = CommonOptions.Flag("--watch", "Go on and print each change, until Ctrl-C.");

    public static TallyCommand Create() =>
        new TallyCommand("total", "Prints the running total.", "./tally total --watch") { RunAsync = RunAsync }
            .Knows(Watch, CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var isWatching = call.Line.GetValue(Watch);
        if (isWatching && call.Line.GetValue(CommonOptions.Json))
        {
            throw CommandException.Usage("--watch and --json don't go together: --json gives one object.");
        }

        using var channel = GrpcChannel.ForAddress(await ServiceChoice.FindAsync(call, ServiceNames.Totals, ComponentNames.Grpc));
        var client = new Totals.TotalsClient(channel);
        if (isWatching)
        {
            await WatchAsync(client, call.Output.Terminal);
            return ExitCodes.Done;
        }

        var total = await client.GetTotalAsync(new GetTotalRequest(), deadline: call.Time.GetUtcNow().UtcDateTime + Deadline);
        call.Output.Answer(new TotalAnswer(Ok: true, total.Total_, total.Count), Answers.Readable.TotalAnswer, text => text.Line(Words(total)));
        return ExitCodes.Done;
    }

    private static async Task WatchAsync(Totals.TotalsClient client, Terminal terminal)
    {
        using var signals = new StopSignals();
        using var watch = client.WatchTotal(new WatchTotalRequest(), cancellationToken: signals.Asked);
        try
        {
            await foreach (var total in watch.ResponseStream.ReadAllAsync(signals.Asked))
            {
                terminal.Out.Write(terminal.IsOutTerminal ? $"{StatusLine.ToLineStart}{Words(total)}" : $"{Words(total)}\n");
            }
        }
        catch (Exception exception) when (signals.Asked.IsCancellationRequested && exception is (RpcException or OperationCanceledException))
        {
            if (terminal.IsOutTerminal)
            {
                terminal.Out.WriteLine();
            }
        }
    }

    private static string Words(Total total) => $"{total.Total_} of {total.Count} {(total.Count == 1 ? "result" : "results")}";
}
