using Tally.Inbox.Chain;
using Tally.Inbox.Folding;

namespace Tally.Inbox.Tests.Support;

/// <summary>Remembers what a folder met.</summary>
internal sealed class FolderLog : IFolderEvents
{
    public int Duplicates { get; private set; }

    public List<string> Poison { get; } = [];

    public List<ShardTrouble> Forks { get; } = [];

    public void Duplicate(in RawMessage message) => Duplicates++;

    public void Poisoned(in RawMessage message, string reason) => Poison.Add(reason);

    public List<string> Doubts { get; } = [];

    public List<ShardTrouble> Gaps { get; } = [];

    public List<ShardTrouble> Damages { get; } = [];

    public void Forked(ShardTrouble trouble) => Forks.Add(trouble);

    public void Doubted(int shard, in RawMessage message, string reason) => Doubts.Add(reason);

    public void Damaged(ShardTrouble trouble) => Damages.Add(trouble);

    public void Missing(ShardTrouble trouble) => Gaps.Add(trouble);
}
