using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Tally.Contracts.V1;
using Tally.Outbox;

namespace Tally.Calculator.Tests;

public sealed class SumEncoderTests
{
    private static readonly Int128 LastTotal = Int128.Parse(new string('9', 35));
    private static readonly OutboxPosition Somewhere = new(Guid.NewGuid(), 1, 2, 3, 4);

    // As many digits as may come, each length as often as any other.
    private static readonly Gen<Amount> Totals = Gen.Choose(1, 35)
        .SelectMany(digits => Gen.Choose(0, 9).ArrayOf(digits).Zip(Gen.Elements(-1, 1)))
        .Select(pair => Amount.FromUnits(Int128.Parse(string.Concat(pair.Item1)) * pair.Item2));

    // Every number of bits, so that each length of a varint comes up; negative ones take ten bytes.
    private static readonly Gen<long> Numbers = Gen.Choose(0, 63)
        .SelectMany(bits => Gen.Choose(int.MinValue, int.MaxValue).Two().Select(halves => ((((long)halves.Item1) << 32) | (uint)halves.Item2) >>> bits));

    private static readonly Gen<OutboxPosition> Positions = Numbers.Four().Zip(Gen.Choose(0, 255).ArrayOf(16)).Select(pair => new OutboxPosition(
        new Guid([.. pair.Item2.Select(value => (byte)value)]), (int)(pair.Item1.Item1 & int.MaxValue), pair.Item1.Item2, pair.Item1.Item3, pair.Item1.Item4));

    [Fact]
    public void The_generated_class_reads_what_the_writer_writes_and_writes_the_same() =>
        Prop.ForAll(Totals.Two().Zip(Positions).Zip(Gen.Choose(0, int.MaxValue)).ToArbitrary(), given =>
        {
            var (((value, total), position), seconds) = given;
            var bytes = SumComputedWriter.Write(value, total, position, DateTimeOffset.UnixEpoch.AddSeconds(seconds).AddMicroseconds(seconds % 1_000_000));

            var sum = SumComputed.Parser.ParseFrom(bytes);

            Assert.Equal(
                new SumComputed
                {
                    System = ByteString.CopyFrom(position.System.ToByteArray(bigEndian: true)),
                    Shard = position.Shard,
                    Epoch = position.Epoch,
                    EpochFirstSequence = position.EpochFirstSequence,
                    Sequence = position.Sequence,
                    Value = value.ToString(),
                    ShardTotal = total.ToString(),
                    CommittedAtUnixMicros = (seconds * 1_000_000L) + (seconds % 1_000_000),
                },
                sum);
            Assert.Equal(sum.ToByteArray(), bytes);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_longest_event_fits()
    {
        var longest = Amount.FromUnits(Int128.MinValue);
        var everywhere = new OutboxPosition(Guid.NewGuid(), int.MinValue, long.MinValue, long.MinValue, long.MinValue);

        var sum = SumComputed.Parser.ParseFrom(SumComputedWriter.Write(longest, longest, everywhere, DateTimeOffset.MaxValue));

        Assert.Equal((longest.ToString(), longest.ToString(), long.MinValue), (sum.Value, sum.ShardTotal, sum.Sequence));
    }

    [Fact]
    public void An_event_carries_the_total_with_itself_in_it()
    {
        var encoder = new SumEncoder();
        var total = encoder.Initial;

        encoder.Encode(Parse("42.5"), Somewhere, DateTimeOffset.UnixEpoch, ref total);
        var second = SumComputed.Parser.ParseFrom(encoder.Encode(Parse("-2.25"), Somewhere, DateTimeOffset.UnixEpoch, ref total));

        Assert.Equal(("-2.25", "40.25", "40.25"), (second.Value, second.ShardTotal, total.ToString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_total_goes_to_its_limit_and_is_left_alone_by_what_goes_beyond(int sign)
    {
        var encoder = new SumEncoder();
        var total = Amount.FromUnits((LastTotal - 1) * sign);
        encoder.Encode(Amount.FromUnits(sign), Somewhere, DateTimeOffset.UnixEpoch, ref total);

        var refusal = Assert.Throws<OutboxException>(() =>
        {
            encoder.Encode(Amount.FromUnits(sign), Somewhere, DateTimeOffset.UnixEpoch, ref total);
        });

        Assert.Equal((OutboxFault.Refused, "The total of the shard would need more than 26 integer digits."), (refusal.Fault, refusal.Message));
        Assert.Equal(LastTotal * sign, total.Units);
    }

    [Fact]
    public void What_is_saved_is_loaded_again() => Prop.ForAll(Totals.ToArbitrary(), total =>
        new SumEncoder().Load(new SumEncoder().Save(total)) == total).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("")]
    [InlineData("1e5")]
    [InlineData("NaN")]
    [InlineData("1 ")]
    public void A_state_that_is_no_amount_is_not_taken_for_zero(string saved) =>
        Assert.Throws<InvalidDataException>(() => new SumEncoder().Load(Encoding.UTF8.GetBytes(saved)));

    private static Amount Parse(string text) => Amount.TryParse(text, out var amount) ? amount : throw new FormatException(text);
}
