using System.Globalization;

namespace Tally.AppHost.Commands.Demo;

/// <summary>
/// The numbers of a demo: every call's are made from the seed and its place alone, so the same seed gives the same numbers however many
/// callers share them. Integers and fractions, short and long, some below zero; small enough that no sum of them is refused.
/// </summary>
internal sealed class RandomSums(long seed)
{
    private const int MaxIntegerDigits = 9;

    /// <summary>The two numbers of a call, and their sum.</summary>
    public RandomSum At(long call)
    {
        var random = new SplitMix((ulong)seed, (ulong)call);
        var (a, first) = Next(ref random);
        var (b, second) = Next(ref random);
        return new RandomSum(a, b, first + second);
    }

    private static (string Text, Amount Value) Next(ref SplitMix random)
    {
        var fractionDigits = random.Below(3) == 0 ? 0 : random.Below(10);
        var integer = random.Below(Power(1 + random.Below(MaxIntegerDigits)));
        var digits = random.Below(Power(fractionDigits)).ToString(CultureInfo.InvariantCulture).PadLeft(fractionDigits, '0');
        var fraction = fractionDigits == 0 ? "" : $".{digits}";
        var text = $"{(random.Below(4) == 0 ? "-" : "")}{integer}{fraction}";
        return Amount.TryParse(text, out var value) ? (text, value) : throw new InvalidOperationException($"'{text}' is not an amount.");
    }

    private static int Power(int digits)
    {
        var power = 1;
        for (; digits > 0; digits--)
        {
            power *= 10;
        }

        return power;
    }
}

/// <summary>What one call sends, and what it must be answered.</summary>
internal readonly record struct RandomSum(string A, string B, Amount Sum);
