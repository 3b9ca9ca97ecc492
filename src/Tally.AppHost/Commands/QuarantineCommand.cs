using System.CommandLine;
using Tally.AppHost.Commands.Output;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary><c>quarantine</c>: the messages that Totals could not fold, and what becomes of them.</summary>
internal static class QuarantineCommand
{
    private static readonly Argument<long> Id =
        CommonOptions.NumberArgument("ID", "The message's number, as 'quarantine list' shows it.", 1, long.MaxValue);

    private static readonly Option<long> Limit = CommonOptions.Number("--limit", "At most so many messages.", 1, 1_000, 100);

    private static readonly Option<long> After =
        CommonOptions.Number("--after", "Only messages with a higher number.", 0, long.MaxValue, 0);

    private static readonly Option<string> Why = new("--why")
    {
        Description = "The reason, for those who come later: 1 to 1,000 characters.",
        HelpName = "TEXT",
        Required = true,
    };

    public static TallyCommand Create() => TallyCommand.Group(
        "quarantine",
        "Lists messages that Totals could not fold, shows one, judges one anew, or takes one off the list.",
        "./tally quarantine list",
        new TallyCommand("list", "Lists the messages that nobody has decided on yet.", "./tally quarantine list --limit 20") { RunAsync = ListAsync }
            .Knows(Limit, After, CommonOptions.Json),
        new TallyCommand("show", "Shows one message: its bytes, why it is there, and what was done with it.", "./tally quarantine show 1")
        {
            RunAsync = ShowAsync,
        }
        .Takes(Id)
        .Knows(CommonOptions.Json),
        new TallyCommand(
            "replay",
            "Judges a message anew, as if it came now: what is folded, or is in the total already, leaves the list; all else stays, and the exit code is 1.",
            "./tally quarantine replay 1")
        {
            RunAsync = ReplayAsync,
        }
        .Takes(Id)
        .Knows(CommonOptions.Json),
        new TallyCommand("discard", "Takes a message off the list for good. Its bytes and the reason are kept.", "./tally quarantine discard 1 --why garbage")
        {
            RunAsync = DiscardAsync,
        }
        .Takes(Id)
        .Knows(Why, CommonOptions.Json));

    private static async Task<int> ListAsync(CommandCall call)
    {
        var limit = (int)call.Line.GetValue(Limit);
        var request = new ListQuarantineRequest { Limit = limit, AfterId = call.Line.GetValue(After) };
        var reply = await RepairCall.AskAsync(call, async (repair, deadline) => await repair.ListQuarantineAsync(request, deadline: deadline));
        var answer = new QuarantineAnswer(Ok: true, [.. reply.Messages.Select(QuarantineText.Brief)], More: reply.Messages.Count == limit);
        call.Output.Answer(answer, Answers.Readable.QuarantineAnswer, text => QuarantineText.WriteList(answer, call.DataFolder, text));
        return ExitCodes.Done;
    }

    private static async Task<int> ShowAsync(CommandCall call)
    {
        var request = new ShowQuarantinedRequest { Id = call.Line.GetValue(Id) };
        var message = await RepairCall.AskAsync(call, async (repair, deadline) => await repair.ShowQuarantinedAsync(request, deadline: deadline));
        call.Output.Answer(
            new QuarantinedOneAnswer(Ok: true, QuarantineText.Whole(message)),
            Answers.Readable.QuarantinedOneAnswer,
            text => QuarantineText.WriteOne(message, text));
        return ExitCodes.Done;
    }

    private static async Task<int> ReplayAsync(CommandCall call)
    {
        var request = new ReplayQuarantinedRequest { Id = call.Line.GetValue(Id) };
        var reply = await RepairCall.AskAsync(call, async (repair, deadline) => await repair.ReplayQuarantinedAsync(request, deadline: deadline));
        var isOff = reply.Outcome is "folded" or "replay";
        call.Output.Answer(
            new ReplayAnswer(isOff, request.Id, reply.Outcome, isOff ? null : new ErrorAnswer("STAYS", $"Message {request.Id} stays in quarantine: {WhyOf(reply.Outcome)}.")),
            Answers.Readable.ReplayAnswer,
            text => text.Line(reply.Outcome switch
            {
                "folded" => $"Message {request.Id} was the next of its shard, and is in the total now.",
                "replay" => $"Message {request.Id} is in the total already, and off the list.",
                var outcome => $"Message {request.Id} stays in quarantine: {WhyOf(outcome)}.",
            }));
        return isOff ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static string WhyOf(string outcome) => outcome switch
    {
        "fork" => "its epoch is newer than what is folded and began below it, as after a fork; where none is open the message is damaged, and its reason says so (quarantine show)",
        "too early" => "what comes before it isn't folded yet",
        _ => outcome,
    };

    private static async Task<int> DiscardAsync(CommandCall call)
    {
        var request = new DiscardQuarantinedRequest { Id = call.Line.GetValue(Id), Why = call.Line.GetRequiredValue(Why) };
        await RepairCall.AskAsync(call, async (repair, deadline) => await repair.DiscardQuarantinedAsync(request, deadline: deadline));
        var answer = new DoneAnswer(Ok: true, $"Message {request.Id} is off the list. Its bytes and the reason are kept.");
        call.Output.Answer(answer, Answers.Readable.DoneAnswer, text => text.Line(answer.Message));
        return ExitCodes.Done;
    }
}
