using System.Globalization;
using System.Text;
using Tally.Inbox.Chain;

namespace Tally.Inbox.Tests.Support;

/// <summary>What the tests' own outbox sends: a number, and the sum of its shard's numbers up to it.</summary>
internal sealed record Number(EventPosition Position, long Value, long Total)
{
    public static readonly Guid System1 = new("11111111-1111-1111-1111-111111111111");

    public byte[] Key => Encoding.UTF8.GetBytes(Position.Shard.ToString(CultureInfo.InvariantCulture));

    public byte[] Bytes => Encoding.UTF8.GetBytes(
        $"{Position.System}|{Position.Shard}|{Position.Epoch}|{Position.EpochFirstSequence}|{Position.Sequence}|{Value}|{Total}");

    public RawMessage At(long offset, int partition = 0) => new("numbers", partition, offset, Key, Bytes);

    public static Number? Read(ReadOnlySpan<byte> bytes)
    {
        var parts = Encoding.UTF8.GetString(bytes).Split('|');
        return parts.Length == 7 && Guid.TryParse(parts[0], out var system)
            ? new Number(
                new EventPosition(system, int.Parse(parts[1]), long.Parse(parts[2]), long.Parse(parts[3]), long.Parse(parts[4])),
                long.Parse(parts[5]),
                long.Parse(parts[6]))
            : null;
    }
}
