using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Proof;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary><c>fork adopt</c>: goes on after the outbox's database went back in time.</summary>
internal static class ForkCommand
{
    private static readonly Option<long> Shard = new("--shard")
    {
        Description = "The shard that is stopped, as 'verify' names it.",
        HelpName = "N",
        Required = true,
        CustomParser = result => long.TryParse(result.Tokens[^1].Value, out var shard) && shard is >= 0 and <= int.MaxValue
            ? shard
            : Refuse(result, result.Tokens[^1].Value),
    };

    public static TallyCommand Create() => TallyCommand.Group(
        "fork",
        "Mends shards whose history went two ways: the outbox's database was restored from a backup.",
        "./tally fork adopt --shard 3",
        new TallyCommand(
            "adopt",
            "Keeps what the total holds of the lost history, goes back to the last result that both have, and has the Calculator publish again from there.",
            "./tally fork adopt --shard 3")
        {
            RunAsync = AdoptAsync,
        }
        .Knows(Shard, CommonOptions.Json));

    private static async Task<int> AdoptAsync(CommandCall call)
    {
        var request = new AdoptForkRequest { Shard = (int)call.Line.GetValue(Shard) };
        var reply = await RepairCall.AskAsync(call, async (repair, deadline) => await repair.AdoptForkAsync(request, deadline: deadline));
        var last = reply.LastCommon ?? new Position();
        if (!Amount.TryParseTotal(reply.AdoptedSum, out var sum))
        {
            throw new CommandException("INTERNAL", $"Totals answered with the sum '{reply.AdoptedSum}'.", ExitCodes.Failed);
        }

        call.Output.Answer(
            new AdoptAnswer(Ok: true, request.Shard, new Figure(reply.AdoptedCount, sum), new PlaceAnswer(last.Epoch, last.Sequence), reply.RewindRequested),
            Answers.Readable.AdoptAnswer,
            text =>
            {
                text.Line($"adopted {reply.AdoptedCount} results with the sum {sum}: they stay in the total, though the outbox lost them");
                text.Line($"shard {request.Shard} goes on behind sequence {last.Sequence} of epoch {last.Epoch}");
                text.Line(reply.RewindRequested ? "the Calculator publishes again from there" : "no Calculator answered yet; Totals asks it again by itself");
            });
        return ExitCodes.Done;
    }

    private static long Refuse(System.CommandLine.Parsing.ArgumentResult result, string text)
    {
        result.AddError($"--shard is '{text}', but it must be a whole number from 0.");
        return 0;
    }
}
