using System.Diagnostics;
using Confluent.Kafka;
using Tally.Inbox.Chain;
using Tally.Tracing;

namespace Tally.Inbox.Diagnostics;

/// <summary>
/// A traced event's way through the inbox: a span from taking it to the commit of its fold, in the trace of its sender, and a span of the fold, linked to each.
/// They are made when the fold is committed, so that nothing has to be kept open meanwhile.
/// </summary>
internal static class InboxTracing
{
    private static readonly ActivitySource Source = new("Tally.Inbox");

    /// <summary>Whether anybody wants to know. Decides once, when a consumer is made, whether it reads headers.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>What a message says of its trace; null when it isn't traced.</summary>
    public static MessageTrace? TraceOf(ConsumeResult<byte[], byte[]> message, string topic, string group, DateTimeOffset now) =>
        TraceHeaders.ContextOf(message.Message.Headers) is { } context && context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            ? new MessageTrace(context, now, topic, message.Partition.Value, message.Offset.Value, group)
            : null;

    /// <summary>A span of a fold's commit. It belongs to the trace of the first traced event, so that it's sampled as that one is.</summary>
    public static Activity? StartFold(IReadOnlyList<TracedEvent>? events, int count)
    {
        if (events is null || !Source.HasListeners())
        {
            return null;
        }

        ActivityTagsCollection tags = new()
        {
            ["db.system.name"] = "postgresql",
            ["db.operation.name"] = "INSERT",
            ["db.collection.name"] = "folds",
            ["tally.inbox.fold.events"] = count,
        };
        var links = events.Select(static each => new ActivityLink(each.Trace.Sender));
        return Source.StartActivity("INSERT folds", ActivityKind.Client, events[0].Trace.Sender, tags, links)?.SetStatus(ActivityStatusCode.Error, "not committed");
    }

    /// <summary>The fold is committed: all its events are processed.</summary>
    public static void Folded(IReadOnlyList<TracedEvent>? events, Activity? fold)
    {
        fold?.SetStatus(ActivityStatusCode.Unset);
        foreach (var each in events ?? [])
        {
            Start(each.Trace, "folded", fold)?
                .SetTag("tally.shard", each.Shard).SetTag("tally.epoch", each.Epoch).SetTag("tally.sequence", each.Sequence)
                .Dispose();
        }
    }

    /// <summary>An event was processed, in a way that stores nothing.</summary>
    public static void Skipped(MessageTrace? trace, string outcome)
    {
        if (trace is not null)
        {
            Start(trace, outcome, fold: null)?.Dispose();
        }
    }

    private static Activity? Start(MessageTrace trace, string outcome, Activity? fold)
    {
        ActivityTagsCollection tags = new()
        {
            ["messaging.system"] = "kafka",
            ["messaging.operation.name"] = "process",
            ["messaging.operation.type"] = "process",
            ["messaging.destination.name"] = trace.Topic,
            ["messaging.destination.partition.id"] = trace.Partition.ToString(),
            ["messaging.kafka.offset"] = trace.Offset,
            ["messaging.consumer.group.name"] = trace.Group,
            ["tally.inbox.outcome"] = outcome,
        };
        var links = fold is null ? null : new[] { new ActivityLink(fold.Context) };
        return Source.StartActivity($"process {trace.Topic}", ActivityKind.Consumer, trace.Sender, tags, links, trace.TakenAt);
    }
}
