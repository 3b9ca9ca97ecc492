using Tally.Outbox;

namespace Tally.Calculator;

/// <summary>
/// Writes <c>tally.v1.SumComputed</c> straight into the bytes that PostgreSQL and Kafka get: the generated class would cost four more
/// allocations a result. A test compares both.
/// </summary>
internal static class SumComputedWriter
{
    // A tag is (field number << 3) | wire type; wire type 0 is a varint, 2 is length-delimited.
    private const byte System = (1 << 3) | 2;
    private const byte Shard = 2 << 3;
    private const byte Epoch = 3 << 3;
    private const byte EpochFirstSequence = 4 << 3;
    private const byte Sequence = 5 << 3;
    private const byte Value = (6 << 3) | 2;
    private const byte ShardTotal = (7 << 3) | 2;
    private const byte CommittedAt = 8 << 3;

    // Eight tags, 16 bytes of system behind its length, five varints of at most 10 bytes, two amounts behind their lengths.
    private const int MaxLength = 8 + 17 + (5 * 10) + (2 * (1 + Amount.MaxLength));

    public static byte[] Write(Amount value, Amount total, in OutboxPosition position, DateTimeOffset committing)
    {
        Span<byte> buffer = stackalloc byte[MaxLength];
        var at = 0;
        buffer[at++] = System;
        buffer[at++] = 16;
        position.System.TryWriteBytes(buffer[at..], bigEndian: true, out _);
        at += 16;
        at = WriteNumber(buffer, at, Shard, position.Shard);
        at = WriteNumber(buffer, at, Epoch, position.Epoch);
        at = WriteNumber(buffer, at, EpochFirstSequence, position.EpochFirstSequence);
        at = WriteNumber(buffer, at, Sequence, position.Sequence);
        at = WriteAmount(buffer, at, Value, value);
        at = WriteAmount(buffer, at, ShardTotal, total);
        at = WriteNumber(buffer, at, CommittedAt, (committing - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        return buffer[..at].ToArray();
    }

    private static int WriteNumber(Span<byte> buffer, int at, byte tag, long value)
    {
        if (value == 0)
        {
            return at;
        }

        buffer[at++] = tag;
        var rest = (ulong)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            buffer[at++] = (byte)(rest | 0x80);
        }

        buffer[at++] = (byte)rest;
        return at;
    }

    private static int WriteAmount(Span<byte> buffer, int at, byte tag, Amount amount)
    {
        buffer[at] = tag;
        amount.TryFormat(buffer[(at + 2)..], out var length);
        buffer[at + 1] = (byte)length;
        return at + 2 + length;
    }
}
