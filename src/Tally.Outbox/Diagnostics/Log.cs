using Microsoft.Extensions.Logging;

namespace Tally.Outbox.Diagnostics;

/// <summary>Everything the outbox logs. 1xx: life cycle; 2xx: shards and commits; 3xx: relay.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "Outbox {System} in schema {Schema} has {Shards} shards; this instance is {Instance}")]
    public static partial void Started(ILogger logger, Guid system, string schema, int shards, string instance);

    [LoggerMessage(101, LogLevel.Warning, "The outbox's database can't be used yet; trying again: {Fault}")]
    public static partial void DatabaseNotReady(ILogger logger, string fault);

    [LoggerMessage(
        103,
        LogLevel.Warning,
        "PostgreSQL may lose results that were answered when it crashes: {Settings}. Outbox:Unsafe allows that; it is for systems whose results nobody needs")]
    public static partial void Unsafe(ILogger logger, string settings);

    [LoggerMessage(102, LogLevel.Warning, "{Chore} failed; it is tried again in {Interval}: {Fault}")]
    public static partial void ChoreFailed(ILogger logger, string chore, TimeSpan interval, string fault);

    [LoggerMessage(200, LogLevel.Information, "Claimed shard {Shard} with epoch {Epoch} behind sequence {Sequence}")]
    public static partial void Claimed(ILogger logger, int shard, long epoch, long sequence);

    [LoggerMessage(201, LogLevel.Warning, "Shard {Shard} was taken over: epoch {Epoch} was fenced")]
    public static partial void Fenced(ILogger logger, int shard, long epoch);

    [LoggerMessage(202, LogLevel.Warning, "The writer of shard {Shard} lost the database; it claims the shard again: {Fault}")]
    public static partial void WriterLostDatabase(ILogger logger, int shard, string fault);

    [LoggerMessage(203, LogLevel.Warning, "Settled an unknown commit of shard {Shard} with {Results} results: {Fate}")]
    public static partial void UnknownSettled(ILogger logger, int shard, int results, Storage.BatchFate fate);

    [LoggerMessage(204, LogLevel.Error, "The encoder failed for a message of shard {Shard}")]
    public static partial void EncoderFailed(ILogger logger, int shard, Exception fault);

    [LoggerMessage(205, LogLevel.Warning, "Shard {Shard} belongs to another instance now")]
    public static partial void LeaseLost(ILogger logger, int shard);

    [LoggerMessage(207, LogLevel.Information, "Shard {Shard} is given up: {Instances} instances share the shards, and this one holds more than its part")]
    public static partial void GivingUp(ILogger logger, int shard, int instances);

    [LoggerMessage(206, LogLevel.Critical, "Shard {Shard} is stopped, since nothing more of it can be published: {Reason}. Restart this instance once that is mended")]
    public static partial void ShardStopped(ILogger logger, int shard, string reason);

    [LoggerMessage(208, LogLevel.Information, "Retention drops the results of shard {Shard} up to {Last}")]
    public static partial void Trimmed(ILogger logger, int shard, long last);

    [LoggerMessage(209, LogLevel.Information, "An old segment of shard {Shard} can't go yet, since somebody holds it open: {Fault}")]
    public static partial void SegmentHeld(ILogger logger, int shard, string fault);

    [LoggerMessage(210, LogLevel.Error, "Segment {Segment} of shard {Shard} holds {Count} of {Size} results: the others are lost. It is kept as evidence, and so are those behind it")]
    public static partial void SegmentDamaged(ILogger logger, int shard, long segment, long count, long size);

    [LoggerMessage(211, LogLevel.Warning, "An old segment of shard {Shard} can't go; it is tried again: {Fault}")]
    public static partial void SegmentStays(ILogger logger, int shard, string fault);

    [LoggerMessage(300, LogLevel.Error, "The Kafka producer failed with {Code}: {Reason}. A new one starts behind the last acknowledged results")]
    public static partial void ProducerFailed(ILogger logger, string code, string reason);

    [LoggerMessage(301, LogLevel.Warning, "Kafka: {Code}: {Reason}")]
    public static partial void KafkaTrouble(ILogger logger, string code, string reason);

    [LoggerMessage(302, LogLevel.Warning, "The relay of shard {Shard} can't go on; trying again: {Fault}")]
    public static partial void RelayTrouble(ILogger logger, int shard, string fault);

    [LoggerMessage(306, LogLevel.Critical, "The database of shard {Shard} went back in time: {Committed} results were committed, but it holds {Last}. What it lost is lost here; consumers see a fork")]
    public static partial void WentBack(ILogger logger, int shard, long committed, long last);

    [LoggerMessage(304, LogLevel.Warning, "Shard {Shard} is published again from {From}, as it was asked for; {UpTo} is its last result")]
    public static partial void Rewinding(ILogger logger, int shard, long from, long upTo);

    [LoggerMessage(305, LogLevel.Information, "Shard {Shard} was published again as it was asked for")]
    public static partial void Rewound(ILogger logger, int shard);

    [LoggerMessage(307, LogLevel.Warning, "Topic {Topic} was removed and made again. A new producer starts behind the last acknowledged results; what Kafka lost is published again when it's asked for")]
    public static partial void TopicReplaced(ILogger logger, string topic);

    [LoggerMessage(308, LogLevel.Warning, "The topic could be set better: {Weakness}. What Kafka loses is published again when it's asked for, as long as retention has it")]
    public static partial void TopicWeak(ILogger logger, string weakness);

    [LoggerMessage(309, LogLevel.Warning, "Results should not go to the topic as it is set: {Refusal}")]
    public static partial void TopicRefused(ILogger logger, string refusal);

    [LoggerMessage(310, LogLevel.Warning, "The settings of topic {Topic} can't be checked: {Reason}")]
    public static partial void TopicNotChecked(ILogger logger, string topic, string reason);

    [LoggerMessage(311, LogLevel.Warning, "Kafka will refuse some results: {Limits}")]
    public static partial void TopicTooSmall(ILogger logger, string limits);

    [LoggerMessage(EventId = 303, Message = "librdkafka: {Text}")]
    public static partial void Librdkafka(ILogger logger, LogLevel level, string text);
}
