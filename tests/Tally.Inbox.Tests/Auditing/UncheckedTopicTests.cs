using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tally.Inbox.Auditing;
using Tally.Inbox.Tests.Support;
using Tally.TestSupport;

namespace Tally.Inbox.Tests.Auditing;

/// <summary>A topic whose settings can't be read: that is said once, and ends nothing.</summary>
public sealed class UncheckedTopicTests
{
    private static readonly TopicFacts Facts = new(null, 8, 3, 3);
    private static readonly TopicSettings Kept = new("delete", -1, -1, 2);

    private readonly ManualTime _time = new();
    private readonly LogLines _log = new();
    private readonly TopicGuard _guard;
    private Func<TopicSettings> _answer = static () => Kept;
    private int _asked;

    public UncheckedTopicTests() => _guard = new TopicGuard(
        "sums",
        _ =>
        {
            _asked++;
            return Task.FromResult(_answer());
        },
        _time,
        _log);

    [Fact]
    public async Task Settings_that_may_not_be_read_are_said_once_and_asked_for_every_minute()
    {
        // As Confluent.Kafka throws it: what the broker says is in the parts.
        _answer = static () => throw new DescribeConfigsException([new() { Error = new Error(ErrorCode.TopicAuthorizationFailed, "not allowed") }]);
        for (var i = 0; i < 3; i++)
        {
            await LookAsync(after: TimeSpan.FromSeconds(50));
            await LookAsync(after: TimeSpan.FromSeconds(15));
        }

        Assert.Equal("The settings of topic sums can't be checked: not allowed.", Assert.Single(_log.Lines));
        Assert.Equal((3, null), (_asked, _guard.Refusal));

        _answer = static () => Kept with { CleanupPolicy = "compact" };
        await LookAsync(after: TimeSpan.FromMinutes(1));
        Assert.Contains("cleanup.policy=compact", _guard.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_did_not_answer_in_time_is_asked_again_soon_and_what_was_refused_stays_refused()
    {
        _answer = static () => Kept with { CleanupPolicy = "compact" };
        await LookAsync(after: TimeSpan.Zero);
        _answer = static () => throw new KafkaException(new Error(ErrorCode.Local_TimedOut, "timed out"));
        await LookAsync(after: TimeSpan.FromSeconds(5));
        await LookAsync(after: TimeSpan.FromSeconds(5));
        Assert.NotNull(_guard.Refusal);
        Assert.Single(_log.Lines, static line => line.Contains("timed out", StringComparison.Ordinal));

        _answer = static () => Kept;
        await LookAsync(after: TimeSpan.FromSeconds(5));

        Assert.Null(_guard.Refusal);
        Assert.Equal(4, _asked);
    }

    private Task LookAsync(TimeSpan after)
    {
        _time.Advance(after);
        return _guard.LookAsync(Facts, CancellationToken.None);
    }
}
