using System.Buffers;
using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Grpc.Tests.Wire;

public class MessageFrameTests
{
    [Fact]
    public void Messages_are_taken_off_one_after_the_other()
    {
        var buffer = new ReadOnlySequence<byte>([0, 0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 1]);

        Assert.True(MessageFrame.TryTake(ref buffer, null, out var first));
        Assert.True(MessageFrame.TryTake(ref buffer, null, out var second));
        Assert.False(MessageFrame.TryTake(ref buffer, null, out _));
        Assert.Equal([7, 8], first.Payload.ToArray());
        Assert.Equal(0, second.Payload.Length);
        Assert.Equal(1, buffer.Length);
    }

    [Fact]
    public void A_message_in_pieces_of_one_byte_is_read_once_all_are_there()
    {
        byte[] bytes = [1, 0, 0, 0, 3, 4, 5, 6];
        for (var length = 0; length < bytes.Length; length++)
        {
            var part = Pieces.Of(bytes[..length]);
            Assert.False(MessageFrame.TryTake(ref part, null, out _));
            Assert.Equal(length, part.Length);
        }

        var whole = Pieces.Of(bytes);
        Assert.True(MessageFrame.TryTake(ref whole, null, out var frame));
        Assert.True(frame.IsCompressed);
        Assert.Equal([4, 5, 6], frame.Payload.ToArray());
    }

    [Fact]
    public void A_message_above_the_limit_is_refused_by_its_header_alone()
    {
        var buffer = new ReadOnlySequence<byte>([0, 0, 0, 4, 1]);

        var refusal = Assert.Throws<RpcException>(() => MessageFrame.TryTake(ref buffer, 1024, out _));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Contains("1025", refusal.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("1024", refusal.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_beyond_two_gigabytes_is_refused_without_a_limit_too()
    {
        var buffer = new ReadOnlySequence<byte>([0, 255, 255, 255, 255]);

        Assert.Equal(StatusCode.ResourceExhausted, Assert.Throws<RpcException>(() => MessageFrame.TryTake(ref buffer, null, out _)).StatusCode);
    }

    [Fact]
    public void An_unknown_first_byte_is_refused()
    {
        var buffer = new ReadOnlySequence<byte>([71, 69, 84, 32, 47]);

        Assert.Equal(StatusCode.Internal, Assert.Throws<RpcException>(() => MessageFrame.TryTake(ref buffer, null, out _)).StatusCode);
    }

    private sealed class Pieces : ReadOnlySequenceSegment<byte>
    {
        /// <summary>A sequence in which every byte lies by itself.</summary>
        public static ReadOnlySequence<byte> Of(byte[] bytes)
        {
            var first = new Pieces();
            var last = first;
            foreach (var value in bytes)
            {
                var next = new Pieces { Memory = new[] { value }, RunningIndex = last.RunningIndex + last.Memory.Length };
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
