using Tally.Rpc.Wire;

namespace Tally.Grpc.Tests.Wire;

public class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("4m", 40_000)]
    [InlineData("5u", 50)]
    [InlineData("600n", 6)]
    [InlineData("1n", 1)]
    [InlineData("0m", 0)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void All_units_are_read(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("5")]
    [InlineData("5s")]
    [InlineData("-5S")]
    [InlineData(" 5S")]
    [InlineData("1.5S")]
    [InlineData("123456789S")]
    [InlineData("٣S")]
    public void What_is_no_timeout_is_refused(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(1, "100n")]
    [InlineData(999_999, "99999900n")]
    [InlineData(1_000_000, "100000u")]
    [InlineData(1_000_001, "100001u")]
    [InlineData(TimeSpan.TicksPerMinute, "60000000u")]
    [InlineData(TimeSpan.TicksPerHour, "3600000m")]
    [InlineData(TimeSpan.TicksPerDay * 365, "31536000S")]
    [InlineData(0, "100n")]
    [InlineData(-5, "100n")]
    public void The_finest_unit_that_fits_is_written(long ticks, string text) =>
        Assert.Equal(text, GrpcTimeout.Format(TimeSpan.FromTicks(ticks)));

    [Fact]
    public void What_is_written_is_read_again_as_no_less()
    {
        var random = new Random(42);
        for (var i = 0; i < 10_000; i++)
        {
            var timeout = TimeSpan.FromTicks((long)Math.Pow(10, random.NextDouble() * 17) + 1);
            Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out var read));
            Assert.InRange(read.Ticks, timeout.Ticks, timeout.Ticks + (timeout.Ticks / 99_999) + 1);
        }
    }
}
