using System.Buffers.Text;
using Tally.Inbox;

namespace Tally.Totals.Sums;

/// <summary>Reads a <c>SumComputed</c>. Fields that it doesn't know are passed over, so that newer Calculators can be understood.</summary>
internal static class SumReader
{
    /// <returns>Null, or why the message is none.</returns>
    public static string? Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out EventPosition position, out Sum sum)
    {
        position = default;
        sum = default;
        ReadOnlySpan<byte> system = default, amount = default, total = default;
        long shard = 0, epoch = 0, epochFirst = 0, sequence = 0, committedAt = 0;
        var reader = new WireReader(value);
        while (!reader.AtEnd)
        {
            if (!reader.Read())
            {
                return "the value is no protobuf message";
            }

            switch (reader.Field)
            {
                case 1 when reader.IsBytes:
                    system = reader.Bytes;
                    break;
                case 2 when reader.IsNumber:
                    shard = (long)reader.Number;
                    break;
                case 3 when reader.IsNumber:
                    epoch = (long)reader.Number;
                    break;
                case 4 when reader.IsNumber:
                    epochFirst = (long)reader.Number;
                    break;
                case 5 when reader.IsNumber:
                    sequence = (long)reader.Number;
                    break;
                case 6 when reader.IsBytes:
                    amount = reader.Bytes;
                    break;
                case 7 when reader.IsBytes:
                    total = reader.Bytes;
                    break;
                case 8 when reader.IsNumber:
                    committedAt = (long)reader.Number;
                    break;
                case >= 1 and <= 8:
                    return $"field {reader.Field} has the wrong wire type";
                default:
                    break;
            }
        }

        if (system.Length != 16)
        {
            return $"the system has {system.Length} bytes; allowed: 16";
        }

        if (shard is < 0 or > EventPosition.MaxShard)
        {
            return $"shard is {shard}; allowed: 0 to {EventPosition.MaxShard}";
        }

        if (!Utf8Parser.TryParse(key, out int keyShard, out var used) || used != key.Length || keyShard != shard)
        {
            return $"the key is not the shard, {shard}, in decimal";
        }

        if (!Amount.TryParse(amount, out var parsedAmount))
        {
            return "the value is no amount";
        }

        if (!Amount.TryParseTotal(total, out var parsedTotal))
        {
            return "the shard's total is no amount";
        }

        position = new EventPosition(new Guid(system, bigEndian: true), (int)shard, epoch, epochFirst, sequence);
        sum = new Sum(parsedAmount, parsedTotal, committedAt);
        return null;
    }
}
