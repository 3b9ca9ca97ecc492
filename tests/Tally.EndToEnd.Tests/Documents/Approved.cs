using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>
/// Texts that change only when somebody means it. When one does, the test leaves the new text beside the test program as NAME.received.txt; copy it over
/// the approved one.
/// </summary>
internal static class Approved
{
    /// <summary>Compares a text with the approved one.</summary>
    /// <param name="name">The text's name.</param>
    /// <param name="actual">What it is now.</param>
    public static void IsStill(string name, string actual)
    {
        var approved = Path.Combine(Repository.Root, "tests", "Tally.EndToEnd.Tests", "Documents", "Approved", $"{name}.txt");
        var expected = File.Exists(approved) ? File.ReadAllText(approved) : "";
        if (actual != expected)
        {
            File.WriteAllText(Path.Combine(AppContext.BaseDirectory, $"{name}.received.txt"), actual);
        }

        Assert.Equal(expected, actual);
    }
}
