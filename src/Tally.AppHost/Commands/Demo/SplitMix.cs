namespace Tally.AppHost.Commands.Demo;

/// <summary>Steele, Lea and Flood's SplitMix64: a few operations, and neighbouring starts give unrelated numbers.</summary>
internal struct SplitMix(ulong seed, ulong stream)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = Mix(seed) + (stream * Step * 64);

    /// <summary>A number from 0 to below the limit.</summary>
    public int Below(int limit)
    {
        _state += Step;
        return (int)(((UInt128)Mix(_state) * (ulong)limit) >> 64);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
