using System.Buffers;
using System.Text;
using Grpc.Core;
using Tally.Rpc.Wire;

namespace Tally.Grpc.Tests.Wire;

public class MessageWriterTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    [Fact]
    public void A_serializer_may_hand_over_an_array() => AssertWritten(Marshallers.StringMarshaller);

    [Fact]
    public void A_serializer_may_say_the_length_first() => AssertWritten(Writing((text, context) =>
    {
        context.SetPayloadLength(text.Length);
        context.GetBufferWriter().Write(Encoding.ASCII.GetBytes(text));
        context.Complete();
    }));

    [Fact]
    public void A_serializer_may_write_without_saying_the_length() => AssertWritten(Writing((text, context) =>
    {
        foreach (var value in Encoding.ASCII.GetBytes(text))
        {
            context.GetBufferWriter().Write([value]);
        }

        context.Complete();
    }));

    [Fact]
    public void A_serializer_that_throws_leaves_nothing_behind()
    {
        var marshaller = Writing((text, context) =>
        {
            context.SetPayloadLength(10);
            context.GetBufferWriter().Write("half"u8);
            throw new InvalidDataException();
        });

        Assert.Throws<InvalidDataException>(() => MessageWriter.Write(_output, "text", marshaller, null));
        Assert.Equal(0, _output.WrittenCount);
        AssertWritten(Marshallers.StringMarshaller);
    }

    [Fact]
    public void A_serializer_that_writes_another_length_than_it_said_is_caught()
    {
        var marshaller = Writing((text, context) =>
        {
            context.SetPayloadLength(10);
            context.GetBufferWriter().Write("four"u8);
            context.Complete();
        });

        Assert.Throws<InvalidOperationException>(() => MessageWriter.Write(_output, "text", marshaller, null));
        Assert.Equal(0, _output.WrittenCount);
    }

    [Fact]
    public void A_message_above_the_limit_is_refused()
    {
        var refusal = Assert.Throws<RpcException>(() => MessageWriter.Write(_output, "four!", Marshallers.StringMarshaller, limit: 4));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        Assert.Equal(0, _output.WrittenCount);
    }

    private void AssertWritten(Marshaller<string> marshaller)
    {
        MessageWriter.Write(_output, "four", marshaller, limit: 4);
        Assert.Equal([0, 0, 0, 0, 4, .. "four"u8], _output.WrittenSpan.ToArray());
    }

    private static Marshaller<string> Writing(Action<string, SerializationContext> serializer) => new(serializer, _ => "");
}
