using System.Text.RegularExpressions;

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

    [GeneratedRegex(@"`(?<type>[A-Za-z]+(Tests|Properties))(\.(?<method>\w+))?`", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Named();
}
