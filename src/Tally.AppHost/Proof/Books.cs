namespace Tally.AppHost.Proof;

/// <summary>What callers know: independent of everything that the system says.</summary>
/// <param name="Accepted">The calls that were answered OK.</param>
/// <param name="Unknown">The calls that never got an answer: stored or not.</param>
/// <param name="Refused">The calls that were given up though they surely weren't stored.</param>
/// <param name="Wrong">The calls that were answered with another result than theirs.</param>
internal readonly record struct Books(Figure Accepted, long Unknown, long Refused, long Wrong)
{
    public static Books operator +(Books left, Books right) => new(
        left.Accepted + right.Accepted, left.Unknown + right.Unknown, left.Refused + right.Refused, left.Wrong + right.Wrong);
}
