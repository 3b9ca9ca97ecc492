using System.Buffers;

namespace Tally.Outbox.Relaying;

/// <summary>
/// What Kafka takes as the name of a topic. Looked at before the commit: a result for a topic that can't exist would stop its shard for good.
/// </summary>
internal static class TopicName
{
    public const string Allowed = "1 to 249 ASCII letters, digits, dots, underscores and hyphens, but neither \".\" nor \"..\"";
    private const int Longest = 249;

    private static readonly SearchValues<char> Characters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>The names in a setting.</summary>
    public static string[] Split(string setting) => setting.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static bool IsAllowed(string? topic) =>
        topic is { Length: > 0 and <= Longest } and not ("." or "..") && !topic.AsSpan().ContainsAnyExcept(Characters);
}
