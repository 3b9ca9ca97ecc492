namespace Tally.AppHost.Tests.Support;

/// <summary>A clock that a test turns.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _now = 1;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_now);

    public void Advance(TimeSpan by) => _now += by.Ticks;
}
