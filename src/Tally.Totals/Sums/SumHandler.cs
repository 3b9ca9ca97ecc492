using Npgsql;
using Tally.Inbox;
using Tally.Totals.Serving;

namespace Tally.Totals.Sums;

/// <summary>Says what a sum is: an amount that, added to its shard's total, gives the total that the event itself names.</summary>
internal sealed class SumHandler(TotalsView view, History history) : InboxHandler<Amount, Sum>
{
    public override Amount InitialState => Amount.Zero;

    public override string? Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out EventPosition position, out Sum decoded) =>
        SumReader.Read(key, value, out position, out decoded);

    public override string? Fold(ref Amount state, in Sum next)
    {
        // Both are at most 29 and 18 digits long: no overflow.
        var total = state + next.Value;
        if (total != next.ShardTotal)
        {
            return $"the total before it, {state}, and its value, {next.Value}, make {total}, but the event says {next.ShardTotal}";
        }

        state = total;
        return null;
    }

    public override bool? Agrees(in Amount state, in Sum last) => state == last.ShardTotal;

    public override Amount Subtract(in Amount later, in Amount earlier) => later - earlier;

    public override byte[] Save(in Amount state)
    {
        Span<byte> buffer = stackalloc byte[Amount.MaxLength];
        state.TryFormat(buffer, out var length);
        return buffer[..length].ToArray();
    }

    public override Amount Load(ReadOnlySpan<byte> stored) => StoredAmount.Load(stored);

    public override long CommittedAtUnixMicros(in Sum decoded) => decoded.CommittedAtUnixMicros;

    public override FoldCompanion<Sum>? BeginFold() => history.Begin();

    public override void Prepare(NpgsqlTransaction transaction) => history.Prepare(transaction);

    public override void OnLoaded(IReadOnlyList<ShardPosition<Amount>> positions) => view.Reset(positions);

    public override void OnCommitted(IReadOnlyList<ShardPosition<Amount>> positions) => view.Update(positions);
}
