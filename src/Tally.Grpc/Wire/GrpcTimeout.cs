using System.Globalization;

namespace Tally.Rpc.Wire;

/// <summary>The form of <c>grpc-timeout</c>: up to eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxValue = 99_999_999;

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > MaxDigits + 1 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        // Nanoseconds are rounded up to the clock's ticks: a timeout that isn't zero stays so.
        (var known, timeout) = text[^1] switch
        {
            'n' => (true, TimeSpan.FromTicks((value + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick)),
            'u' => (true, TimeSpan.FromTicks(value * TimeSpan.TicksPerMicrosecond)),
            'm' => (true, TimeSpan.FromTicks(value * TimeSpan.TicksPerMillisecond)),
            'S' => (true, TimeSpan.FromTicks(value * TimeSpan.TicksPerSecond)),
            'M' => (true, TimeSpan.FromTicks(value * TimeSpan.TicksPerMinute)),
            'H' => (true, TimeSpan.FromTicks(value * TimeSpan.TicksPerHour)),
            _ => (false, TimeSpan.Zero),
        };
        return known;
    }

    /// <summary>In the finest unit that holds it, rounded up.</summary>
    public static string Format(TimeSpan timeout)
    {
        var ticks = Math.Max(timeout.Ticks, 1);
        return FitsNanoseconds(ticks)
            ?? Fits(ticks, TimeSpan.TicksPerMicrosecond, 'u')
            ?? Fits(ticks, TimeSpan.TicksPerMillisecond, 'm')
            ?? Fits(ticks, TimeSpan.TicksPerSecond, 'S')
            ?? Fits(ticks, TimeSpan.TicksPerMinute, 'M')
            ?? Fits(ticks, TimeSpan.TicksPerHour, 'H')
            ?? $"{MaxValue}H";
    }

    private static string? FitsNanoseconds(long ticks) =>
        ticks <= MaxValue / TimeSpan.NanosecondsPerTick ? $"{ticks * TimeSpan.NanosecondsPerTick}n" : null;

    private static string? Fits(long ticks, long unit, char name)
    {
        var value = ((ticks - 1) / unit) + 1;
        return value <= MaxValue ? $"{value}{name}" : null;
    }
}
