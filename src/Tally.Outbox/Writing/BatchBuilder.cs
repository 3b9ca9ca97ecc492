using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;

namespace Tally.Outbox.Writing;

/// <summary>
/// Decides what goes into the next commit, and encodes it. A batch ends at the limits of results and bytes, where the topic changes, and at
/// the border of a segment. What doesn't fit waits for the next one. Used by one loop.
/// </summary>
internal sealed class BatchBuilder<TItem, TState>(
    IOutboxEncoder<TItem, TState> encoder, OutboxOptions options, AppendQueue<TItem> queue, TimeProvider time, ILogger logger)
{
    private readonly List<PendingAppend<TItem>> _callers = [];
    private readonly List<byte[]> _payloads = [];
    private readonly List<string?> _headers = [];
    private readonly KeyCollector<TItem> _keys = new();
    private PendingAppend<TItem>? _waiting;

    /// <summary>The next batch, encoded for the position; null when nothing waits.</summary>
    /// <param name="first">The position of its first result.</param>
    /// <param name="state">The state before it.</param>
    /// <param name="segmentSize">The size of the shard's segments.</param>
    public Batch<TItem, TState>? Next(OutboxPosition first, TState state, long segmentSize)
    {
        var border = ((SegmentStore.SegmentOf(first.Sequence, segmentSize) + 1) * segmentSize) + 1;
        var room = (int)Math.Min(options.MaxBatchResults, border - first.Sequence);
        var committing = time.GetUtcNow();
        var bytes = 0L;
        var anyHeaders = false;
        string? topic = null;
        while (_payloads.Count < room && bytes < options.MaxBatchBytes)
        {
            _waiting ??= queue.TakeAll();
            if (_waiting is not { } caller || (topic is not null && caller.Message.Topic != topic))
            {
                break;
            }

            _waiting = caller.Next;
            caller.Next = null;
            if (caller.Message.IdempotencyKey is { } known && _keys.TryFollow(known, caller))
            {
                // Answered with the one that has the key already.
                continue;
            }

            if (Encode(caller, first with { Sequence = first.Sequence + _payloads.Count }, committing, ref state) is not { } payload)
            {
                queue.Leave(1);
                continue;
            }

            if (caller.Message.IdempotencyKey is { } key)
            {
                _keys.Add(key, caller, place: _payloads.Count);
            }

            topic = caller.Message.Topic;
            bytes += payload.Length;
            anyHeaders |= caller.Message.Headers is { Count: > 0 };
            _callers.Add(caller);
            _payloads.Add(payload);
            _headers.Add(caller.Message.Headers is { Count: > 0 } headers ? JsonSerializer.Serialize(headers) : null);
        }

        if (topic is null)
        {
            return null;
        }

        var rows = new CommittedBatch(first.Sequence, [.. _payloads], topic, anyHeaders ? [.. _headers] : null, first.Epoch);
        var batch = new Batch<TItem, TState>([.. _callers], rows, first, state, _keys.Take(out var followers), followers);
        _callers.Clear();
        _payloads.Clear();
        _headers.Clear();
        return batch;
    }

    /// <summary>Puts callers back whose batch was surely not stored: they are the first of the next one.</summary>
    public void PutBack(IReadOnlyList<PendingAppend<TItem>> callers)
    {
        for (var i = callers.Count - 1; i >= 0; i--)
        {
            // Those that followed stand right behind: perhaps the first has given up by the next batch.
            for (var caller = callers[i]; caller is not null;)
            {
                var follower = caller.Follower;
                caller.Follower = null;
                caller.Next = follower ?? (_waiting ??= queue.TakeAll());
                caller = follower;
            }

            _waiting = callers[i];
        }
    }

    /// <summary>Fails all that wait, on the thread pool, each with an exception of its own.</summary>
    public void FailWaiting(OutboxException fault)
    {
        var waiting = new List<PendingAppend<TItem>>();
        while ((_waiting ??= queue.TakeAll()) is { } caller)
        {
            _waiting = caller.Next;
            caller.Next = null;
            waiting.Add(caller);
        }

        queue.Leave(waiting.Count);
        if (waiting.Count > 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static failed => failed.waiting.ForEach(caller => caller.Fail(failed.fault.Copy())), (waiting, fault), preferLocal: false);
        }
    }

    /// <summary>The payload, or null when there is nothing to store for this caller (any more); then the state is as before.</summary>
    private byte[]? Encode(PendingAppend<TItem> caller, OutboxPosition position, DateTimeOffset committing, ref TState state)
    {
        if (caller.IsCompleted)
        {
            return null;
        }

        if (caller.Message.Abandoned.IsCancellationRequested)
        {
            caller.Fail(new OperationCanceledException(caller.Message.Abandoned));
            return null;
        }

        var before = state;
        try
        {
            var payload = encoder.Encode(caller.Message.Item, position, committing, ref state);
            var size = payload.Length + SizeOf(caller.Message.Headers);
            if (size <= options.MaxPayloadBytes)
            {
                return payload;
            }

            caller.Fail(new OutboxException(
                OutboxFault.TooLarge, $"The payload and its headers have {size} bytes; allowed: up to {options.MaxPayloadBytes} (Outbox:MaxPayloadBytes)."));
        }
        catch (OutboxException refused)
        {
            caller.Fail(refused);
        }
#pragma warning disable CA1031 // The encoder is the application's: whatever it throws must fail this one caller, not the shard.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            Log.EncoderFailed(logger, position.Shard, fault);
            caller.Fail(new OutboxException(OutboxFault.EncoderFailed, "The message could not be encoded.", fault));
        }

        state = before;
        return null;
    }

    private static int SizeOf(IReadOnlyDictionary<string, string>? headers) =>
        headers is not { Count: > 0 } ? 0 : headers.Sum(static header => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value));
}
