using Tally.Inbox.Chain;

namespace Tally.Inbox.Folding;

/// <summary>What one commit stores of one shard.</summary>
internal readonly record struct FoldRow<TState>(
    ShardPosition<TState> After, long FromSequence, string Topic, int Partition, long NextOffset, Guid? TopicId = null);

/// <summary>A message that can't be folded, for the quarantine.</summary>
internal readonly record struct PoisonRow(RawMessage Message, string Reason, Guid? TopicId = null);
