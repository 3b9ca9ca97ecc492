using Google.Protobuf;
using Tally.Contracts.V1;

namespace Tally.AppHost.Proof;

/// <summary>What a payload says of itself.</summary>
internal readonly record struct StoredResult(int Shard, long Epoch, long Sequence, Amount Value, Amount ShardTotal)
{
    /// <summary>Reads a payload as Totals would.</summary>
    /// <returns>False when it isn't a result.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out StoredResult result)
    {
        result = default;
        try
        {
            var sum = SumComputed.Parser.ParseFrom(payload);
            if (!Amount.TryParse(sum.Value, out var value) || !Amount.TryParseTotal(sum.ShardTotal, out var total))
            {
                return false;
            }

            result = new StoredResult(sum.Shard, sum.Epoch, sum.Sequence, value, total);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
