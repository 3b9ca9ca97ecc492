using Grpc.Core;
using Microsoft.Extensions.Options;
using Tally.Contracts.V1;
using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>Adds two numbers, and answers once the result is committed.</summary>
public sealed class CalculatorService(IOutbox<Amount> outbox, IOptions<CalculatorOptions> options) : Contracts.V1.Calculator.CalculatorBase
{
    private readonly string _topic = options.Value.Topic;

    /// <inheritdoc/>
    public override async Task<AddReply> Add(AddRequest request, ServerCallContext context)
    {
        var a = Parse(request.A, "a");
        var b = Parse(request.B, "b");
        var result = a + b;
        if (!result.FitsAmount)
        {
            throw Faults.NotStored(StatusCode.OutOfRange, $"The result {result} needs more than 18 integer digits.");
        }

        var key = request.IdempotencyKey.Length > 0 ? RequestKey.Of(request.IdempotencyKey, a, b) : null;

        // A deadline ends the wait. A caller that is gone needs no answer at once; it is enough that nothing is stored for it, which costs less.
        var hasDeadline = context.Deadline != DateTime.MaxValue;
        var giveUp = hasDeadline ? context.CancellationToken : CancellationToken.None;
        var abandoned = hasDeadline ? CancellationToken.None : context.CancellationToken;
        try
        {
            // The answer is sent behind the commit. A crash before it leaves the caller without an answer, and the result stored or not;
            // with a key the caller can ask again. What is stored under a key has the same amounts, and so the same result.
            var position = await outbox.AppendAsync(new OutboxMessage<Amount>(result, _topic, IdempotencyKey: key, Abandoned: abandoned), giveUp);
            return new AddReply
            {
                Result = result.ToString(),
                Position = new Position { Shard = position.Shard, Epoch = position.Epoch, Sequence = position.Sequence },
            };
        }
        catch (OutboxException fault)
        {
            throw Faults.From(fault);
        }
    }

    private static Amount Parse(string text, string field) => Amount.TryParse(text, out var amount)
        ? amount
        : throw Faults.NotStored(StatusCode.InvalidArgument, $"{field} is {Faults.Show(text)}; allowed: {Amount.Allowed}.");
}
