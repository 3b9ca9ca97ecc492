using Tally.Outbox.Storage;

namespace Tally.Outbox.Writing;

/// <summary>
/// The callers that share a commit, and what is committed for them. Callers and payloads stand at the same index; a caller with a key may have
/// followers with the same key, which are not stored.
/// </summary>
internal sealed class Batch<TItem, TState>(
    PendingAppend<TItem>[] callers, CommittedBatch rows, OutboxPosition first, TState stateAfter, BatchKeys? keys = null, int followers = 0)
    : IThreadPoolWorkItem
{
    public PendingAppend<TItem>[] Callers => callers;

    public CommittedBatch Rows => rows;

    public OutboxPosition First => first;

    public TState StateAfter => stateAfter;

    /// <summary>Null when no caller has a key.</summary>
    public BatchKeys? Keys => keys;

    /// <summary>How many results are stored.</summary>
    public int Count => rows.Payloads.Length;

    /// <summary>How many callers wait for it.</summary>
    public int CallerCount => rows.Payloads.Length + followers;

    /// <summary>Answers all callers, on the thread pool: the writer goes on with the next commit meanwhile.</summary>
    public void CompleteInBackground() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Answers all callers with a failure, on the thread pool, each with an exception of its own: throwing one grows its stack trace.</summary>
    public void Fail(OutboxException fault) => ThreadPool.UnsafeQueueUserWorkItem(
        static failed =>
        {
            foreach (var each in failed.callers)
            {
                for (var caller = each; caller is not null;)
                {
                    var follower = caller.Follower;
                    caller.Fail(failed.fault.Copy());
                    caller = follower;
                }
            }
        },
        (callers, fault),
        preferLocal: false);

    void IThreadPoolWorkItem.Execute()
    {
        for (var i = 0; i < Count; i++)
        {
            var position = first with { Sequence = first.Sequence + i };
            if (callers[i].Follower is null)
            {
                callers[i].Complete(position);
            }
            else
            {
                KnownAnswers<TItem>.Answer(callers[i], callers[i].Message.IdempotencyKey!.Fingerprint, position);
            }
        }
    }
}
