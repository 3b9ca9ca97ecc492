namespace Tally.Totals.Sums;

/// <summary>Amounts as the database holds them: decimal text, or the text of a NUMERIC.</summary>
internal static class StoredAmount
{
    public static Amount Load(ReadOnlySpan<byte> utf8) => Amount.TryParseTotal(utf8, out var total) ? total : throw Changed();

    public static Amount Load(string text) => Amount.TryParseTotal(text, out var total) ? total : throw Changed();

    private static InvalidDataException Changed() => new("A stored total is no amount: the inbox's tables were changed by someone else.");
}
