using System.Text.RegularExpressions;
using Tally.AppHost.Commands;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Documents;

/// <summary>docs/configuration.md names every variable of the environment that ./tally reads, and the option that wins over it.</summary>
public sealed partial class EnvironmentDocumentTests
{
    private const string Heading = "## The local system: `./tally`";

    [Fact]
    public void The_document_has_a_row_for_every_variable_that_is_read_and_none_for_others()
    {
        var read = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", "Tally.AppHost"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Reads().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

        Assert.Equal(string.Join('\n', read), string.Join('\n', Rows().Select(row => row.Variable).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void The_document_names_the_option_that_wins_over_a_variable()
    {
        var expected = SystemOptions.Variables.Select(variable => (variable.Key, $"`{variable.Value.Name}`"));

        Assert.Equal(expected.Order(), Rows().Where(row => row.Option.Length > 0).Order());
    }

    private static List<(string Variable, string Option)> Rows() =>
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "configuration.md"))
            .SkipWhile(line => line != Heading)
            .Where(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => (cells[1], cells[2])),
    ];

    [GeneratedRegex(@"ariable\(""(?<name>[A-Z_]+)""\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Reads();
}
