namespace Tally.Telemetry.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Checkout
{
    /// <summary>The folder that holds Tally.slnx.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>A heading's anchor as GitHub makes it: small letters, spaces become hyphens, and of the rest only letters, digits, hyphens and underscores stay.</summary>
    public static string Anchor(string title) => string.Concat(
        title.ToLowerInvariant().Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_')).Replace(' ', '-');

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "Tally.slnx"))
        ? folder
        : Find(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests don't run within a checkout."));
}
