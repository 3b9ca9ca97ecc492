using System.CommandLine;
using Grpc.Core;
using Grpc.Net.Client;
using Tally.AppHost.Commands.Demo;
using Tally.AppHost.Commands.Output;
using Tally.AppHost.Hosting;
using Tally.Contracts.V1;

namespace Tally.AppHost.Commands;

/// <summary><c>add A B</c>: one call. What is a number is the Calculator's to say, so both pass unchanged.</summary>
internal static class AddCommand
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    private static readonly Argument<string> A = new("A") { Description = $"The first number: {Amount.Allowed}." };
    private static readonly Argument<string> B = new("B") { Description = "The second number." };
    private static readonly Option<string?> Key =
        new("--key") { Description = "Idempotency key: the same key gives the same answer, and one stored result.", HelpName = "K", Validators = { CommonOptions.RefuseEmpty } };

    private static readonly Option<bool> Wait = CommonOptions.Flag("--wait", "Wait for the total that includes the result.");
    private static readonly Option<long> Timeout = CommonOptions.Timeout("How long to wait for an answer.", max: 3_600, usual: 10);

    public static TallyCommand Create() =>
        new TallyCommand("add", "Adds two numbers and prints the result and its position.", "./tally add 40 2 --wait") { RunAsync = RunAsync }
            .Takes(A, B)
            .Knows(Key, Wait, Timeout, CommonOptions.Json);

    private static async Task<int> RunAsync(CommandCall call)
    {
        var reply = await AddAsync(call);
        var (total, error) = call.Line.GetValue(Wait) ? await WaitAsync(call, reply) : default;
        var at = reply.Position;
        call.Output.Answer(
            new AddAnswer(Ok: error is null, error, reply.Result, at.Shard, at.Epoch, at.Sequence, total?.Total_, total?.Count),
            Answers.Readable.AddAnswer,
            text =>
            {
                text.Line(reply.Result);
                text.Line($"stored in {PlaceOf(at)}");
                if (total is not null)
                {
                    text.Line($"total {total.Total_} of {total.Count} {(total.Count == 1 ? "result" : "results")}");
                }
            });
        if (error is null)
        {
            return ExitCodes.Done;
        }

        call.Output.Note($"{error.Code}: {error.Message}");
        return ExitCodes.Failed;
    }

    private static async Task<AddReply> AddAsync(CommandCall call)
    {
        var request = new AddRequest
        {
            A = call.Line.GetRequiredValue(A),
            B = call.Line.GetRequiredValue(B),
            IdempotencyKey = call.Line.GetValue(Key) ?? "",
        };
        using var channel = GrpcChannel.ForAddress(await ServiceChoice.FindAsync(call, ServiceNames.Calculator, ComponentNames.Grpc));
        try
        {
            return await new Calculator.CalculatorClient(channel).AddAsync(request, deadline: DeadlineOf(call));
        }
        catch (RpcException failure) when (CallOutcomes.Of(failure) == CallOutcome.Unknown)
        {
            throw CommandException.Of(failure, request.IdempotencyKey.Length > 0
                ? " It may be stored or not. The same call with the same --key tells, and adds it once."
                : " It may be stored or not. With --key a call can be made again safely.");
        }
    }

    /// <summary>The total, or why it can't be told: then the position is told all the same, since the caller must not add it again.</summary>
    private static async Task<(Total? Total, ErrorAnswer? Error)> WaitAsync(CommandCall call, AddReply reply)
    {
        var request = new GetTotalRequest { AtLeast = { reply.Position } };
        var deadline = DeadlineOf(call);
        var addresses = await ServiceChoice.FindAllAsync(call, ServiceNames.Totals, ComponentNames.Grpc);
        for (var attempt = 0; ; attempt++)
        {
            using var channel = GrpcChannel.ForAddress(addresses[attempt % addresses.Count]);
            try
            {
                return (await new Totals.TotalsClient(channel).GetTotalAsync(request, deadline: deadline), null);
            }
            catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable && call.Time.GetUtcNow().UtcDateTime + AskAgain < deadline)
            {
                // One that died while it was asked. Another can tell, or it is started again at the same place.
                await Task.Delay(AskAgain, call.Time);
            }
            catch (RpcException failure)
            {
                return (null, new ErrorAnswer(
                    GrpcCodes.NameOf(failure.StatusCode), $"The result is stored, but the total can't be told yet: {failure.Status.Detail}"));
            }
        }
    }

    private static DateTime DeadlineOf(CommandCall call) => call.Time.GetUtcNow().UtcDateTime + call.Line.GetSeconds(Timeout);

    private static string PlaceOf(Position at) => $"shard {at.Shard}, epoch {at.Epoch}, sequence {at.Sequence}";
}
