using Tally.Inbox.Chain;

namespace Tally.Inbox.Folding;

/// <summary>What a folder meets beside good events: for counters and the log.</summary>
internal interface IFolderEvents
{
    void Duplicate(in RawMessage message);

    void Poisoned(in RawMessage message, string reason);

    void Doubted(int shard, in RawMessage message, string reason);

    void Forked(ShardTrouble trouble);

    void Damaged(ShardTrouble trouble);

    void Missing(ShardTrouble trouble);
}
