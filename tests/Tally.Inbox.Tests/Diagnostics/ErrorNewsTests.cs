using Confluent.Kafka;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Diagnostics;

/// <summary>Brokers that are away must not fill the log.</summary>
public sealed class ErrorNewsTests
{
    [Fact]
    public void The_same_error_is_told_once_in_half_a_minute_and_another_one_at_once()
    {
        var time = new ManualTime();
        var news = new ErrorNews(time);

        Assert.True(news.Is(new Error(ErrorCode.Local_AllBrokersDown)));
        Assert.False(news.Is(new Error(ErrorCode.Local_AllBrokersDown, "again")));
        Assert.True(news.Is(new Error(ErrorCode.Local_Transport)));
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(news.Is(new Error(ErrorCode.Local_AllBrokersDown)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(news.Is(new Error(ErrorCode.Local_AllBrokersDown)));
    }
}
