using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>
/// Makes the event of a result, with the shard's total up to and including it: whoever holds the event before can check that none is missing,
/// doubled, or changed.
/// </summary>
public sealed class SumEncoder : IOutboxEncoder<Amount, Amount>
{
    /// <inheritdoc/>
    public Amount Initial => Amount.Zero;

    /// <inheritdoc/>
    public Amount Load(ReadOnlySpan<byte> saved) => Amount.TryParseTotal(saved, out var total)
        ? total
        : throw new InvalidDataException("The outbox holds a shard total that is not an amount.");

    /// <inheritdoc/>
    public byte[] Save(Amount state)
    {
        Span<byte> text = stackalloc byte[Amount.MaxLength];
        state.TryFormat(text, out var length);
        return text[..length].ToArray();
    }

    /// <inheritdoc/>
    public byte[] Encode(Amount item, in OutboxPosition position, DateTimeOffset committing, ref Amount state)
    {
        var total = state + item;
        if (!total.FitsTotal)
        {
            throw new OutboxException(OutboxFault.Refused, "The total of the shard would need more than 26 integer digits.");
        }

        state = total;
        return SumComputedWriter.Write(item, total, position, committing);
    }
}
