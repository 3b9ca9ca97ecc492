using Tally.Inbox.Auditing;
using Tally.Inbox.Chain;

namespace Tally.Inbox.Folding;

/// <content>What is doubtful, and what the audit says of it.</content>
internal sealed partial class Folder<TState, TEvent>
{
    private int _openDoubts;

    /// <summary>Whether there is an event that nothing but the sending side can explain.</summary>
    public bool HasDoubts => _openDoubts > 0;

    /// <summary>How many such events there were.</summary>
    public long Doubts { get; private set; }

    /// <summary>Takes over what the audit found, unless the shard has moved since.</summary>
    public void Apply(AuditFinding finding)
    {
        var chain = _chains[finding.Shard] ?? NewChain(finding.Shard);
        if (finding is { Kind: AuditFindingKind.Unheard, Message: { } at })
        {
            // True wherever the shard stands by now.
            if (chain.SetAside.TryTake(at.Partition, at.Offset, out var unheard))
            {
                Quarantine(unheard, finding.Reason);
            }

            return;
        }

        if (chain.Generation != finding.Generation || chain.Epoch != finding.Epoch || chain.Sequence != finding.Sequence)
        {
            return;
        }

        if (finding.Kind == AuditFindingKind.Moved)
        {
            // What others fold while it doesn't come here is theirs.
            _mustReadAgain |= !chain.IsForeign || chain.IsStopped;
            return;
        }

        _chains[finding.Shard] = chain;

        // From here on the shard is compared with the database, and its trouble isn't forgotten when the positions are looked at.
        chain.IsForeign = false;
        switch (finding.Kind)
        {
            case AuditFindingKind.Refuted when IsAbout(finding, chain.Suspicion):
                Quarantine(chain.Suspicion.Message, $"{chain.Suspicion.Reason}; {finding.Reason}");
                EndDoubt(chain);
                break;
            case AuditFindingKind.Confirmed when IsAbout(finding, chain.Suspicion):
                FoldDoubted(chain, chain.Suspicion.Message);
                EndDoubt(chain);
                break;
            case AuditFindingKind.Missing when chain.MarkMissing(finding.Reason):
                events.Missing(chain.Trouble!);
                break;
            case AuditFindingKind.Fork when chain.Trouble?.Kind != ShardTroubleKind.Fork:
                StopAs(chain, ShardTroubleKind.Fork, finding.Reason);
                events.Forked(chain.Trouble!);
                break;
            case AuditFindingKind.Damaged when !chain.IsStopped:
                StopAs(chain, ShardTroubleKind.Damaged, finding.Reason);
                events.Damaged(chain.Trouble!);
                break;
            case AuditFindingKind.Mended when chain.IsStopped:
                // What came meanwhile was dropped.
                _mustReadAgain = true;
                break;
            default:
                break;
        }
    }

    private static bool IsAbout(AuditFinding finding, Suspicion suspicion) =>
        suspicion.IsOpen && finding.Message == (suspicion.Message.Partition, suspicion.Message.Offset);

    /// <summary>Whether only the sending side can say that a next event is its own. Where nobody can be asked it's believed: the clock alone must stop no shard.</summary>
    private string? FindDoubt(ShardChain<TState> chain, in EventPosition position, in TEvent decoded) => confirmsForks && position.Epoch > chain.Epoch
        ? EpochDoubt.Find(chain.Epoch, position, handler.CommittedAtUnixMicros(decoded), _time)
        : null;

    /// <summary>An event of another history, or a damaged one: the shard waits for what the sending side says, or stops when nobody can be asked.</summary>
    private void Doubt(ShardChain<TState> chain, in EventPosition position, in RawMessage message, string reason)
    {
        if (confirmsForks)
        {
            chain.Suspicion.Open(position, message, reason);
            _openDoubts++;
            Doubts++;
            events.Doubted(chain.Shard, message, reason);
            return;
        }

        chain.Stop(ShardTroubleKind.Fork, reason);
        chain.SetAside.Drop(position.Sequence, message);
        events.Forked(chain.Trouble!);
    }

    private void FoldDoubted(ShardChain<TState> chain, in RawMessage message)
    {
        handler.Decode(message.Key, message.Value, out var position, out var decoded);
        FoldNext(chain, position, decoded, message);
    }

    /// <summary>What was doubted is decided: what came behind it is taken now.</summary>
    private void EndDoubt(ShardChain<TState> chain)
    {
        chain.Suspicion.Close();
        _openDoubts--;
        while (!chain.Suspicion.IsOpen && chain.Suspicion.TryTake(out var message))
        {
            TakeAgain(chain, message);
        }

        if (chain.PinsOffsets)
        {
            TakeSetAside(chain);
        }

        _mustReadAgain |= chain.NeedsDropped;
    }

    /// <summary>Nothing more is taken; what came is read again when the shard goes on.</summary>
    private void StopAs(ShardChain<TState> chain, ShardTroubleKind kind, string reason)
    {
        chain.Stop(kind, reason);
        if (!chain.Suspicion.IsOpen)
        {
            return;
        }

        chain.SetAside.Drop(chain.Suspicion.Position.Sequence, chain.Suspicion.Message);
        chain.Suspicion.Close();
        _openDoubts--;
        while (chain.Suspicion.TryTake(out var message))
        {
            handler.Decode(message.Key, message.Value, out var position, out _);
            chain.SetAside.Drop(position.Sequence, message);
        }
    }
}
