using Microsoft.Extensions.Logging;

namespace Tally.Inbox.Diagnostics;

/// <summary>What the inbox writes to the log. Ids 3000 to 3099; nothing here is written for each event.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "Consuming topic {Topic} as group {Group}, folding into schema {Schema}.", EventName = "InboxStarted")]
    public static partial void Started(ILogger logger, string topic, string group, string schema);

    [LoggerMessage(3001, LogLevel.Information, "Partitions {Partitions} are assigned, going on at {Offsets}.", EventName = "PartitionsAssigned")]
    public static partial void Assigned(ILogger logger, string partitions, string offsets);

    [LoggerMessage(3002, LogLevel.Information, "Partitions {Partitions} are taken away.", EventName = "PartitionsRevoked")]
    public static partial void Revoked(ILogger logger, string partitions);

    [LoggerMessage(3010, LogLevel.Warning, "Another instance went on with a shard. Reading the positions again.", EventName = "FoldCollided")]
    public static partial void Collided(ILogger logger, Exception failure);

    [LoggerMessage(3011, LogLevel.Warning, "The database failed, perhaps in the middle of a commit. Reading the positions again.", EventName = "DatabaseFailed")]
    public static partial void DatabaseFailed(ILogger logger, Exception failure);

    [LoggerMessage(3012, LogLevel.Warning, "The database can't be reached, trying again in {Pause}.", EventName = "DatabaseAway")]
    public static partial void DatabaseAway(ILogger logger, TimeSpan pause, Exception failure);

    [LoggerMessage(3014, LogLevel.Warning, "The consumer is closed and made again in {Pause}.", EventName = "ConsumerFailed")]
    public static partial void ConsumerFailed(ILogger logger, TimeSpan pause, Exception failure);

    [LoggerMessage(3015, LogLevel.Debug, "The group's offsets could not be committed; they are for lag tools only.", EventName = "OffsetsNotCommitted")]
    public static partial void OffsetsNotCommitted(ILogger logger, Exception failure);

    [LoggerMessage(3020, LogLevel.Error, "Shard {Shard} has a gap: {Reason}. It waits; the other shards go on.", EventName = "GapFound")]
    public static partial void GapFound(ILogger logger, int shard, string reason);

    [LoggerMessage(3021, LogLevel.Information, "Shard {Shard} goes on: its gap is closed.", EventName = "GapClosed")]
    public static partial void GapClosed(ILogger logger, int shard);

    [LoggerMessage(3022, LogLevel.Critical, "Shard {Shard} is stopped by a fork: {Reason}. The other shards go on.", EventName = "ForkFound")]
    public static partial void ForkFound(ILogger logger, int shard, string reason);

    [LoggerMessage(3023, LogLevel.Error, "Message {Offset} of partition {Partition} goes to the quarantine: {Reason}.", EventName = "MessageQuarantined")]
    public static partial void Quarantined(ILogger logger, int partition, long offset, string reason);

    [LoggerMessage(3024, LogLevel.Error, "{Count} more messages went to the quarantine since then.", EventName = "MoreQuarantined")]
    public static partial void MoreQuarantined(ILogger logger, int count);

    [LoggerMessage(3025, LogLevel.Critical, "Shard {Shard} is stopped: {Reason}. The other shards go on.", EventName = "DamageFound")]
    public static partial void DamageFound(ILogger logger, int shard, string reason);

    [LoggerMessage(3026, LogLevel.Warning, "Message {Offset} of partition {Partition} may be of another history: {Reason}. Shard {Shard} waits until the outbox says.", EventName = "MessageDoubted")]
    public static partial void Doubted(ILogger logger, int shard, int partition, long offset, string reason);

    [LoggerMessage(3030, LogLevel.Debug, "{Count} old folds were removed.", EventName = "FoldsRemoved")]
    public static partial void FoldsRemoved(ILogger logger, int count);

    [LoggerMessage(3031, LogLevel.Warning, "Old folds could not be removed; the next round tries again.", EventName = "CleaningFailed")]
    public static partial void CleaningFailed(ILogger logger, Exception failure);

    [LoggerMessage(3040, LogLevel.Warning, "Kafka: {Reason} ({Code}).", EventName = "KafkaError")]
    public static partial void KafkaError(ILogger logger, string reason, string code);

    [LoggerMessage(3042, LogLevel.Warning, "Kafka doesn't answer; the consumer ends without leaving its group.", EventName = "ConsumerNotClosed")]
    public static partial void NotClosed(ILogger logger);

    [LoggerMessage(EventId = 3041, EventName = "KafkaLog", Message = "librdkafka {Facility}: {Text}")]
    public static partial void KafkaLog(ILogger logger, LogLevel level, string facility, string text);

    [LoggerMessage(3050, LogLevel.Warning, "No outbox is configured to compare with: gaps aren't mended, and forks are neither confirmed nor adopted.", EventName = "AuditWithoutSource")]
    public static partial void AuditWithoutSource(ILogger logger);

    [LoggerMessage(3051, LogLevel.Warning, "Positions can't be compared with the outbox now; tried again every few seconds.", EventName = "AuditFailed")]
    public static partial void AuditFailed(ILogger logger, Exception failure);

    [LoggerMessage(3052, LogLevel.Information, "Positions are compared with the outbox again.", EventName = "AuditWorksAgain")]
    public static partial void AuditWorksAgain(ILogger logger);

    [LoggerMessage(3053, LogLevel.Warning, "Shard {Shard} is asked for again from sequence {From}: Kafka lost it, though it was relayed up to {Relayed}.", EventName = "RewindAsked")]
    public static partial void RewindAsked(ILogger logger, int shard, long from, long relayed);

    [LoggerMessage(3054, LogLevel.Error, "The outbox is system {Found}, but what is folded here is of system {Expected}: positions aren't compared.", EventName = "OtherSystem")]
    public static partial void OtherSystem(ILogger logger, Guid found, Guid expected);

    [LoggerMessage(3055, LogLevel.Warning, "Topic {Topic} was removed and made again ({Old}, now {New}): it's read from its beginning.", EventName = "TopicReplaced")]
    public static partial void TopicReplaced(ILogger logger, string topic, Guid old, Guid @new);

    [LoggerMessage(3056, LogLevel.Warning, "A fork of shard {Shard} was adopted: {Count} events up to sequence {Sequence} of epoch {Epoch} are kept beside the state, which goes on behind sequence {Common}.", EventName = "ForkAdopted")]
    public static partial void ForkAdopted(ILogger logger, int shard, long count, long sequence, long epoch, long common);

    [LoggerMessage(3057, LogLevel.Warning, "PostgreSQL may lose totals that the outbox was told are kept when it crashes: {Settings}. Inbox:Unsafe allows that; it is for systems whose totals nobody needs.", EventName = "Unsafe")]
    public static partial void Unsafe(ILogger logger, string settings);

    [LoggerMessage(3060, LogLevel.Information, "Topic {Topic} has {Partitions} partitions, replication factor {Replicas}, min.insync.replicas={MinInSync}, retention.ms={Retention}, cleanup.policy={Policy}.", EventName = "TopicFound")]
    public static partial void TopicFound(ILogger logger, string topic, int partitions, int replicas, int minInSync, long retention, string policy);

    [LoggerMessage(3061, LogLevel.Warning, "Kafka may lose events: {Weakness}. They come again from the outbox, as long as it has them.", EventName = "TopicWeak")]
    public static partial void TopicWeak(ILogger logger, string weakness);

    [LoggerMessage(3062, LogLevel.Critical, "Nothing is consumed: {Reason}.", EventName = "TopicRefused")]
    public static partial void TopicRefused(ILogger logger, string reason);

    [LoggerMessage(3063, LogLevel.Warning, "The settings of topic {Topic} can't be checked: {Reason}.", EventName = "TopicNotChecked")]
    public static partial void TopicNotChecked(ILogger logger, string topic, string reason);
}
