using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tally.AppHost.Components;

/// <summary>What a service's <c>/readyz</c> says, for people.</summary>
internal static class ReadyzAnswer
{
    private const string Unsafe = "unsafe: ";

    /// <summary>What a service that is ready says to be unsafe; null when nothing.</summary>
    public static string? UnsafeOf(string text)
    {
        try
        {
            var reasons = (JsonNode.Parse(text)?["checks"]?.AsArray() ?? []).Select(check => check?["reason"]?.ToString() ?? "");
            return reasons.Where(reason => reason.Contains(Unsafe, StringComparison.Ordinal))
                .Select(reason => reason[reason.IndexOf(Unsafe, StringComparison.Ordinal)..])
                .FirstOrDefault();
        }
        catch (Exception notOurs) when (notOurs is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The reasons of the checks that aren't well; what was answered when it isn't in the form that Tally's services use.</summary>
    public static string ReasonOf(string text)
    {
        try
        {
            var checks = JsonNode.Parse(text)?["checks"]?.AsArray() ?? [];
            var reasons = checks
                .Where(check => check?["healthy"]?.GetValue<bool>() == false)
                .Select(check => $"{check!["name"]}: {check["reason"]}")
                .ToArray();
            return reasons.Length > 0 ? string.Join("; ", reasons) : text.Trim();
        }
        catch (Exception notOurs) when (notOurs is JsonException or InvalidOperationException)
        {
            return text.Trim();
        }
    }
}
