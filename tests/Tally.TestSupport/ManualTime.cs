namespace Tally.TestSupport;

/// <summary>A clock that a test turns.</summary>
public sealed class ManualTime : TimeProvider
{
    private long _now = 1;

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override long GetTimestamp() => _now;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_now);

    /// <summary>Lets time go by.</summary>
    /// <param name="by">How much.</param>
    public void Advance(TimeSpan by) => _now += by.Ticks;
}
