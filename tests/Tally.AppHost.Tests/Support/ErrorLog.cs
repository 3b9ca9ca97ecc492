using System.Text.Json;

namespace Tally.AppHost.Tests.Support;

/// <summary>What services said at Error or above: a test that made no such thing happen fails with it.</summary>
internal static class ErrorLog
{
    /// <summary>What follows from dead or silent servers and networks by itself, and is mended by itself: what librdkafka says, a producer that failed, a gap until it's sent again.</summary>
    private static readonly int[] Passing = [300, 303, 3020, 3041];

    /// <summary>The lines of a service's log that nobody expected.</summary>
    /// <param name="log">The log: JSON lines, and what a start or a crash said between them.</param>
    /// <param name="expected">Ids of events that the test made happen.</param>
    public static IEnumerable<string> Unexpected(IEnumerable<string> log, IReadOnlyCollection<int> expected)
    {
        foreach (var line in log.Where(static line => line.StartsWith('{')))
        {
            using var entry = Parse(line);
            if (entry?.RootElement is { } root
                && root.GetProperty("LogLevel").GetString() is "Error" or "Critical"
                && root.GetProperty("EventId").GetInt32() is var id
                && !Passing.Contains(id)
                && !expected.Contains(id))
            {
                yield return line;
            }
        }
    }

    /// <summary>Null for a line that its writer was killed in.</summary>
    private static JsonDocument? Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
