using System.Text;
using Google.Protobuf;
using Tally.Contracts.V1;
using Tally.Totals.Sums;

namespace Tally.Totals.Tests.Sums;

/// <summary>The hand-written reader against what protoc's generated code writes.</summary>
public sealed class SumReaderTests
{
    private static readonly Guid System1 = new("01020304-0506-0708-090a-0b0c0d0e0f10");

    [Fact]
    public void What_the_generated_code_writes_is_read()
    {
        Assert.Null(Read(Valid(), out var position, out var sum));

        Assert.Equal(new(System1, 7, 1_700_000_000_000_000, 40, 42), position);
        Assert.Equal(("-2.5", "1234567890123456789012345.000000001", 99), (sum.Value.ToString(), sum.ShardTotal.ToString(), sum.CommittedAtUnixMicros));
    }

    [Fact]
    public void Fields_that_are_not_known_are_passed_over()
    {
        var bytes = Valid().ToByteArray();
        using var more = new MemoryStream();
        using (var output = new CodedOutputStream(more, leaveOpen: true))
        {
            output.WriteTag(9, WireFormat.WireType.Varint);
            output.WriteUInt64(ulong.MaxValue);
            output.WriteTag(10, WireFormat.WireType.Fixed64);
            output.WriteFixed64(1);
            output.WriteTag(11, WireFormat.WireType.Fixed32);
            output.WriteFixed32(1);
            output.WriteTag(536_870_911, WireFormat.WireType.LengthDelimited);
            output.WriteString("new");
        }

        Assert.Null(SumReader.Read("7"u8, [.. more.ToArray(), .. bytes], out var position, out _));
        Assert.Equal(42, position.Sequence);
    }

    [Fact]
    public void Whatever_is_cut_off_is_refused()
    {
        var bytes = Valid().ToByteArray();
        for (var length = 0; length < bytes.Length; length++)
        {
            var isWhole = SumReader.Read("7"u8, bytes.AsSpan(0, length), out _, out _) is null;

            // Without its last field, the time, an event is still one.
            Assert.Equal(length == bytes.Length - 2, isWhole);
        }
    }

    [Fact]
    public void Garbage_is_refused_without_an_exception()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            Assert.NotNull(SumReader.Read("7"u8, bytes, out _, out _));
        }
    }

    [Fact]
    public void A_damaged_event_is_read_without_an_exception()
    {
        var random = new Random(2);
        var whole = Valid().ToByteArray();
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = whole.ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            SumReader.Read("7"u8, bytes, out _, out _);
        }
    }

    [Theory]
    [InlineData("system", "")]
    [InlineData("system", "123456789012345")]
    [InlineData("value", "")]
    [InlineData("value", "1e5")]
    [InlineData("value", "1234567890123456789")]
    [InlineData("value", "NaN")]
    [InlineData("total", "")]
    [InlineData("total", " 1")]
    [InlineData("total", "123456789012345678901234567890")]
    public void A_field_that_is_malformed_is_named(string field, string content)
    {
        var message = Valid();
        switch (field)
        {
            case "system":
                message.System = ByteString.CopyFromUtf8(content);
                break;
            case "value":
                message.Value = content;
                break;
            default:
                message.ShardTotal = content;
                break;
        }

        Assert.Contains(field, Read(message, out _, out _), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1024)]
    [InlineData(int.MaxValue)]
    public void A_shard_out_of_its_limits_is_refused(int shard)
    {
        var message = Valid();
        message.Shard = shard;

        Assert.Contains("allowed: 0 to 1023", SumReader.Read(Encoding.UTF8.GetBytes($"{shard}"), message.ToByteArray(), out _, out _), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("7 ")]
    [InlineData("7x")]
    [InlineData("seven")]
    public void A_key_that_is_not_the_shard_is_refused(string key) =>
        Assert.Contains("key", SumReader.Read(Encoding.UTF8.GetBytes(key), Valid().ToByteArray(), out _, out _), StringComparison.Ordinal);

    private static string? Read(SumComputed message, out Inbox.EventPosition position, out Sum sum) =>
        SumReader.Read("7"u8, message.ToByteArray(), out position, out sum);

    private static SumComputed Valid() => new()
    {
        System = ByteString.CopyFrom(System1.ToByteArray(bigEndian: true)),
        Shard = 7,
        Epoch = 1_700_000_000_000_000,
        EpochFirstSequence = 40,
        Sequence = 42,
        Value = "-2.5",
        ShardTotal = "1234567890123456789012345.000000001",
        CommittedAtUnixMicros = 99,
    };
}
