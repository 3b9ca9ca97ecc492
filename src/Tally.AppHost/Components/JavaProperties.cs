using System.Text;

namespace Tally.AppHost.Components;

/// <summary>Text as Java reads it in a properties file: Latin-1, with a backslash before what would mean something.</summary>
internal static class JavaProperties
{
    /// <summary>A value.</summary>
    /// <param name="value">The text that the program is to see.</param>
    public static string Value(string value)
    {
        var text = new StringBuilder();
        foreach (var character in value)
        {
            _ = character switch
            {
                '\\' => text.Append(@"\\"),
                < ' ' or > '~' => text.Append(@"\u").Append(((int)character).ToString("x4")),
                _ => text.Append(character),
            };
        }

        return text.ToString();
    }

    /// <summary>A value that the program takes for a list of folders, of which this is the only one.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="Hosting.SystemProblemException">It can't be said there.</exception>
    public static string OnlyFolder(string path) => path.Contains(',', StringComparison.Ordinal)
        ? throw new Hosting.SystemProblemException(
            "kafka", $"The path '{path}' has a comma, which Kafka takes for the end of a folder's name. Name another data folder with --data.")
        : Value(path);
}
