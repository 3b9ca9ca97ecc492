namespace Tally.TestSupport;

/// <summary>A wall clock that is wrong, and may be set while it runs. Time itself goes on as it does: timestamps and timers are right, as after a machine's clock was set.</summary>
/// <param name="ahead">How far ahead it is; below zero: behind.</param>
public sealed class SkewedTime(TimeSpan ahead) : TimeProvider
{
    private long _ahead = ahead.Ticks;

    /// <summary>How far ahead it is.</summary>
    public TimeSpan Ahead
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _ahead));
        set => Volatile.Write(ref _ahead, value.Ticks);
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
}
