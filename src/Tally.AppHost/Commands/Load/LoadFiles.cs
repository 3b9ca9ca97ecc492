using System.Net;
using Tally.AppHost.Commands.Output;

namespace Tally.AppHost.Commands.Load;

/// <summary>The summary of a load test in files: for programs, for people, and as a picture.</summary>
internal static class LoadFiles
{
    public static async Task WriteAsync(ProofReport report, LoadReport load)
    {
        var folder = load.Plan.Folder;
        await using var json = new StringWriter();
        report.Tell(new JsonOutput(PlainTo(json)));
        await using var text = new StringWriter();
        report.Tell(new TextOutput(PlainTo(text)));
        var title = $"Tally: {load.Plan.Scenario.Name}, {load.Generator} generator";
        var picture = LoadPicture.Draw(title, load.Outcome.Steps);
        await File.WriteAllTextAsync(Path.Combine(folder, "summary.json"), json.ToString());
        await File.WriteAllTextAsync(Path.Combine(folder, "summary.txt"), text.ToString());
        await File.WriteAllTextAsync(Path.Combine(folder, "rate-latency.svg"), picture);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "summary.html"),
            $"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>{WebUtility.HtmlEncode(title)}</title>
            <h1>{WebUtility.HtmlEncode(title)}</h1>
            {picture}
            <pre>{WebUtility.HtmlEncode(text.ToString())}</pre>
            </html>

            """);
    }

    private static Terminal PlainTo(TextWriter writer) => new(() => TextReader.Null, writer, TextWriter.Null);
}
