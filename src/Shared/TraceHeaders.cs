using System.Diagnostics;
using System.Text;
using Confluent.Kafka;

namespace Tally.Tracing;

/// <summary>A trace's context in Kafka headers, as the W3C's recommendation "Trace Context" writes it.</summary>
internal static class TraceHeaders
{
    public const string Parent = "traceparent";
    public const string State = "tracestate";

    /// <summary>The context of who sent a message, or null when there is none that can be read.</summary>
    public static ActivityContext? ContextOf(Headers? headers) =>
        headers is not null && ActivityContext.TryParse(TextOf(headers, Parent), TextOf(headers, State), isRemote: true, out var context) ? context : null;

    private static string? TextOf(Headers headers, string name) =>
        headers.TryGetLastBytes(name, out var bytes) && bytes is not null ? Encoding.ASCII.GetString(bytes) : null;
}
