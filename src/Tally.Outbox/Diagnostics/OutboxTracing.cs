using System.Diagnostics;
using Tally.Outbox.Storage;
using Tally.Outbox.Writing;
using Tally.Tracing;

namespace Tally.Outbox.Diagnostics;

/// <summary>
/// A traced append's way through the outbox. The caller's context is stored with the result and goes to Kafka with it, unchanged: so a trace survives a crash
/// and a replay. An append that isn't traced costs a look at <see cref="Activity.Current"/>.
/// </summary>
internal static class OutboxTracing
{
    // As the recommendation allows at least; a longer one is left out, and the trace goes on without it.
    private const int MaxStateLength = 512;

    private static readonly ActivitySource Source = new("Tally.Outbox");

    /// <summary>The message with the context of whoever appends it, if that is traced and the message doesn't name another.</summary>
    public static OutboxMessage<TItem> WithContext<TItem>(in OutboxMessage<TItem> message)
    {
        if (Activity.Current is not { Recorded: true, IdFormat: ActivityIdFormat.W3C } caller || message.Headers?.ContainsKey(TraceHeaders.Parent) == true)
        {
            return message;
        }

        var headers = message.Headers is null ? new Dictionary<string, string>(StringComparer.Ordinal) : new(message.Headers, StringComparer.Ordinal);
        headers[TraceHeaders.Parent] = caller.Id!;
        if (caller.TraceStateString is { Length: > 0 and <= MaxStateLength } state)
        {
            headers[TraceHeaders.State] = state;
        }

        return message with { Headers = headers };
    }

    /// <summary>
    /// A span of a batch's commit, linked to each traced call of it. It belongs to the trace of the first of them, so that it's sampled as that one is; null
    /// when there is none.
    /// </summary>
    public static Activity? StartCommit<TItem, TState>(Batch<TItem, TState> batch)
    {
        if (batch.Rows.Headers is null || !Source.HasListeners())
        {
            return null;
        }

        List<ActivityLink> links = [];
        foreach (var each in batch.Callers)
        {
            for (var caller = each; caller is not null; caller = caller.Follower)
            {
                if (ContextOf(caller.Message.Headers) is { } context)
                {
                    links.Add(new ActivityLink(context));
                }
            }
        }

        if (links.Count == 0)
        {
            return null;
        }

        ActivityTagsCollection tags = new()
        {
            ["db.system.name"] = "postgresql",
            ["db.operation.name"] = "INSERT",
            ["db.collection.name"] = "outbox_batches",
            ["tally.shard"] = batch.First.Shard,
            ["tally.epoch"] = batch.First.Epoch,
            ["tally.outbox.commit.first_sequence"] = batch.First.Sequence,
            ["tally.outbox.commit.size"] = batch.Count,
        };

        // Until it's known better: a commit whose answer never comes leaves by an exception.
        return Source.StartActivity("INSERT outbox_batches", ActivityKind.Client, links[0].Context, tags, links)?.SetStatus(ActivityStatusCode.Error, "no answer");
    }

    /// <summary>The database has answered.</summary>
    public static void CommitAnswered(Activity? commit, KeyedOutcome outcome) =>
        commit?.SetTag("tally.outbox.commit.outcome", outcome switch
        {
            KeyedOutcome.Stored => "stored",
            KeyedOutcome.Fenced => "fenced",
            _ => "key_known",
        }).SetStatus(outcome == KeyedOutcome.Fenced ? ActivityStatusCode.Error : ActivityStatusCode.Unset);

    /// <summary>A span of sending one traced result to Kafka, which ends with Kafka's acknowledgement; null when the result isn't traced.</summary>
    public static Activity? StartSend(Confluent.Kafka.Headers headers, Confluent.Kafka.TopicPartition place, int shard, long epoch, long sequence)
    {
        if (!Source.HasListeners() || TraceHeaders.ContextOf(headers) is not { } context)
        {
            return null;
        }

        ActivityTagsCollection tags = new()
        {
            ["messaging.system"] = "kafka",
            ["messaging.operation.name"] = "send",
            ["messaging.operation.type"] = "send",
            ["messaging.destination.name"] = place.Topic,
            ["messaging.destination.partition.id"] = place.Partition.Value.ToString(),
            ["tally.shard"] = shard,
            ["tally.epoch"] = epoch,
            ["tally.sequence"] = sequence,
        };

        // It ends on another thread: the relay goes on without it.
        var before = Activity.Current;
        var send = Source.StartActivity($"send {place.Topic}", ActivityKind.Producer, context, tags);
        Activity.Current = before;
        return send;
    }

    private static ActivityContext? ContextOf(IReadOnlyDictionary<string, string>? headers) =>
        headers is not null
        && headers.TryGetValue(TraceHeaders.Parent, out var parent)
        && ActivityContext.TryParse(parent, headers.GetValueOrDefault(TraceHeaders.State), isRemote: true, out var context)
            ? context
            : null;
}
