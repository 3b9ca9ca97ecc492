namespace Tally.AppHost.Proof;

/// <summary>How many results, and their sum: what is compared at each place on the way.</summary>
/// <param name="Count">How many.</param>
/// <param name="Sum">Their exact sum.</param>
internal readonly record struct Figure(long Count, Amount Sum)
{
    public static Figure operator +(Figure left, Figure right) => new(left.Count + right.Count, left.Sum + right.Sum);

    public Figure Plus(Amount value) => new(Count + 1, Sum + value);

    public override string ToString() => $"{Count} results with the sum {Sum}";
}
