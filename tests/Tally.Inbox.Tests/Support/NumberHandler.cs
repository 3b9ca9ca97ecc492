using System.Buffers.Binary;

namespace Tally.Inbox.Tests.Support;

/// <summary>An inbox of numbers, which knows a number's place in the sum.</summary>
internal sealed class NumberHandler : InboxHandler<long, Number>
{
    public override long InitialState => 0;

    public override string? Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out EventPosition position, out Number decoded)
    {
        decoded = Number.Read(value)!;
        position = decoded?.Position ?? default;
        return decoded is null ? "no number" : null;
    }

    public override string? Fold(ref long state, in Number next)
    {
        if (state + next.Value != next.Total)
        {
            return $"{state} + {next.Value} is not {next.Total}";
        }

        state += next.Value;
        return null;
    }

    public override bool? Agrees(in long state, in Number last) => state == last.Total;

    public override long Subtract(in long later, in long earlier) => later - earlier;

    public override byte[] Save(in long state)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, state);
        return bytes;
    }

    public override long Load(ReadOnlySpan<byte> stored) => BinaryPrimitives.ReadInt64BigEndian(stored);
}
