using System.Text.RegularExpressions;
using Tally.EndToEnd.Tests.Sabotaged;
using Tally.TestSupport;

namespace Tally.EndToEnd.Tests.Documents;

/// <summary>docs/guarantees.md names tests that exist.</summary>
public sealed partial class GuaranteesDocumentTests
{
    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .ToLookup(file => Path.GetFileNameWithoutExtension(file), File.ReadAllText, StringComparer.Ordinal);
        var named = Named().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "guarantees.md")));

        Assert.NotEmpty(named);
        Assert.All(named, name =>
        {
            var (type, method) = (name.Groups["type"].Value, name.Groups["method"].Value);
            Assert.Contains(tests[type], source => method.Length == 0 || source.Contains($" {method}(", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_promise_that_can_be_broken_on_purpose_has_a_test_that_notices_and_is_named()
    {
        var switches = Switch().Matches(File.ReadAllText(Path.Combine(Repository.Root, "src", "Shared", "Sabotage.cs"))).Select(name => name.Groups["name"].Value).Order().ToList();
        var run = SabotageTests.All().ToList();
        var document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "guarantees.md"));

        Assert.Equal(switches, run.Select(broken => broken.Sabotage).Distinct().Order());
        Assert.Equal(switches, Row().Matches(document).Select(row => row.Groups["name"].Value).Order());
        Assert.All(run, broken => Assert.Contains($"`{broken.Test}`", document, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"public const string \w+ = ""(?<name>[a-z-]+\.[a-z-]+)""", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Switch();

    // A line of the table of switches: | what is broken | `switch` | who notices |
    [GeneratedRegex(@"^\| [^|]+ \| `(?<name>[a-z-]+\.[a-z-]+)` \| [^|]+ \|\r?$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(?<type>[A-Za-z]+(Tests|Properties))(\.(?<method>\w+))?`", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Named();
}
