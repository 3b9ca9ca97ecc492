using Tally.Outbox.Storage;

namespace Tally.Outbox.Writing;

/// <summary>The callers of a batch whose keys are known: nothing is stored for them, they get the stored answers.</summary>
internal sealed class KnownAnswers<TItem> : IThreadPoolWorkItem
{
    private readonly List<(PendingAppend<TItem> Caller, KnownKey Known)> _answers = [];

    private KnownAnswers()
    {
    }

    /// <summary>How many callers get an answer.</summary>
    public int Repeated { get; private set; }

    /// <summary>How many callers asked for something else than what is stored under their key.</summary>
    public int Reused { get; private set; }

    /// <summary>Divides the callers of a batch.</summary>
    /// <param name="callers">The batch's callers.</param>
    /// <param name="known">The keys that are known.</param>
    /// <param name="others">The callers whose results are still to be stored, in their order.</param>
    public static KnownAnswers<TItem> Of(PendingAppend<TItem>[] callers, List<KnownKey> known, out List<PendingAppend<TItem>> others)
    {
        var answers = new KnownAnswers<TItem>();
        var isKnown = new bool[callers.Length];
        foreach (var key in known)
        {
            isKnown[key.Place] = true;
            answers._answers.Add((callers[key.Place], key));
            for (var caller = callers[key.Place]; caller is not null; caller = caller.Follower)
            {
                var same = caller.Message.IdempotencyKey!.AskedFor(key.Fingerprint);
                answers.Repeated += same ? 1 : 0;
                answers.Reused += same ? 0 : 1;
            }
        }

        others = [.. callers.Where((_, place) => !isKnown[place])];
        return answers;
    }

    /// <summary>Answers them, on the thread pool: the writer goes on with the others meanwhile.</summary>
    public void CompleteInBackground() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);

    /// <summary>Answers a caller and those that follow it.</summary>
    /// <param name="first">The caller.</param>
    /// <param name="fingerprint">What is stored under the key.</param>
    /// <param name="position">Where.</param>
    public static void Answer(PendingAppend<TItem> first, byte[] fingerprint, in OutboxPosition position)
    {
        for (var caller = first; caller is not null;)
        {
            var follower = caller.Follower;
            if (caller.Message.IdempotencyKey!.AskedFor(fingerprint))
            {
                caller.Complete(position);
            }
            else
            {
                caller.Fail(new OutboxException(
                    OutboxFault.KeyReused, "The idempotency key belongs to another request, which is stored; use a new key for each request."));
            }

            caller = follower;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        foreach (var (caller, known) in _answers)
        {
            Answer(caller, known.Fingerprint, known.Position);
        }
    }
}
