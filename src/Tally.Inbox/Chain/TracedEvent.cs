using System.Diagnostics;

namespace Tally.Inbox.Chain;

/// <summary>Who sent a traced message, and where and when it was taken.</summary>
internal sealed record MessageTrace(ActivityContext Sender, DateTimeOffset TakenAt, string Topic, int Partition, long Offset, string Group);

/// <summary>A traced event of a fold.</summary>
internal readonly record struct TracedEvent(MessageTrace Trace, int Shard, long Epoch, long Sequence);
