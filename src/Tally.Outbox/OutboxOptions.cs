using System.ComponentModel.DataAnnotations;
using Tally.Kafka;

namespace Tally.Outbox;

/// <summary>Settings of the outbox. Each is checked at start; one out of its limits stops the start.</summary>
public sealed class OutboxOptions
{
    /// <summary>The section of the configuration that holds these settings.</summary>
    public const string Section = "Outbox";

    /// <summary>How to reach PostgreSQL (14 or later), in Npgsql's form. Required.</summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    /// <summary>The schema that holds the outbox's tables; made when missing. Default: <c>outbox</c>.</summary>
    [Required]
    [RegularExpression("^[a-z_][a-z0-9_]{0,39}$")]
    public string Schema { get; set; } = "outbox";

    /// <summary>
    /// Number of shards. Each has one writer at a time and a gapless sequence of its own. Can be raised later; a start that asks for fewer than
    /// the database has is refused. 1 to 128. Default: 8.
    /// </summary>
    [Range(1, 128)]
    public int Shards { get; set; } = 8;

    /// <summary>
    /// This instance's name as it stands in the table of leases, with a random id of this start behind it: two that bear the same name are still told
    /// apart. Up to 200 characters. Default: empty, which takes the machine's name.
    /// </summary>
    [StringLength(200)]
    public string Instance { get; set; } = "";

    /// <summary>
    /// How many appends may wait for a commit, in each shard. When it is full an append fails at once. 1 to 1,000,000. Default: 20,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int QueueCapacity { get; set; } = 20_000;

    /// <summary>How many results share a commit at most. 1 to 10,000. Default: 1,000.</summary>
    [Range(1, 10_000)]
    public int MaxBatchResults { get; set; } = 1_000;

    /// <summary>How many bytes of payload share a commit at most (a single larger one goes alone). 1,024 to 67,108,864. Default: 4,194,304.</summary>
    [Range(1_024, 67_108_864)]
    public int MaxBatchBytes { get; set; } = 4_194_304;

    /// <summary>
    /// The largest payload, in bytes. Must not exceed what the broker takes (<c>message.max.bytes</c>); a larger one is refused before the commit,
    /// since it could never be relayed. 64 to 67,108,864. Default: 921,600.
    /// </summary>
    [Range(64, 67_108_864)]
    public int MaxPayloadBytes { get; set; } = 921_600;

    /// <summary>
    /// How many shards take messages without an ordering key while each of them keeps up. Fewer means larger commits, which cost less; more means
    /// that a message waits less for the commit before it. More are used by themselves as soon as these fall behind, and every second others
    /// take their turn. 1 to 128. Default: 1.
    /// </summary>
    [Range(1, 128)]
    public int PreferredShards { get; set; } = 1;

    /// <summary>
    /// How long a shard stays with an instance that gives no sign of life, by the database's clock. Renewed five times in that span.
    /// 1 s to 5 min. Default: 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a commit may take. After that its outcome counts as unknown: the shard is claimed again and asked. 1 s to 5 min. Default: 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long callers wait to learn the outcome of a commit whose connection was lost. After that they are told that nobody knows.
    /// 0 s to 5 min. Default: 3 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan OutcomeTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How many results a segment (a partition of a shard's table) holds. Kept in the database: a later change has no effect.
    /// 1,000 to 1,000,000,000. Default: 10,000,000.
    /// </summary>
    [Range(1_000L, 1_000_000_000L)]
    public long SegmentSize { get; set; } = 10_000_000;

    /// <summary>
    /// How many committed results wait in memory for the relay, in each shard. Beyond that the relay reads them from the table.
    /// 0 to 1,000,000. Default: 20,000.
    /// </summary>
    [Range(0, 1_000_000)]
    public int HandOffCapacity { get; set; } = 20_000;

    /// <summary>
    /// How many published results may be without Kafka's acknowledgement, in each shard. While a backlog goes all shards reach it, and each result
    /// takes about 400 bytes of memory until then. 1 to 1,000,000. Default: 10,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxInFlight { get; set; } = 10_000;

    /// <summary>
    /// Whether this instance publishes what it stores. False stores only, and leaves publishing to a later start: for maintenance of Kafka, and
    /// for measuring what storing costs. Default: true.
    /// </summary>
    public bool RelayEnabled { get; set; } = true;

    /// <summary>
    /// How long an idempotency key is remembered at least, by the database's clock; at most twice as long. The shortest one among the instances counts.
    /// 1 min to 30 d. Default: 24 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan KeyRetention { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long a segment is kept once Kafka has all of it, by the database's clock. Then it goes, if its consumers have confirmed it (see
    /// <see cref="Consumers"/>); the one that is written to, and any whose results somebody wants published again, never. What was dropped stays in the
    /// shard's state. The shortest one among the instances counts. 0 s to 10 years. Default: 7 d.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How many bytes the segments of a shard may take, indexes included. Beyond, the oldest go before <see cref="Retention"/> is over, but no sooner than
    /// Kafka has them and their consumers have confirmed them. 0 means no limit. 0 to 1,125,899,906,842,624. Default: 0.
    /// </summary>
    [Range(0L, 1_125_899_906_842_624L)]
    public long RetentionBytes { get; set; }

    /// <summary>
    /// Who must have confirmed a segment before it is dropped: names, separated by commas. Whoever has ever confirmed counts too, named or not. Empty: at
    /// least one must have, so an outbox whose consumers never confirm drops nothing. <c>none</c>: nobody must have, so that being relayed is enough.
    /// Up to 10,000 characters. Default: empty.
    /// </summary>
    [StringLength(10_000)]
    public string Consumers { get; set; } = "";

    /// <summary>
    /// The topics that are surely published to: names, separated by commas. Their settings are looked at as soon as there is a producer, those of any other one
    /// once something was published to it. Up to 10,000 characters. Default: empty.
    /// </summary>
    [StringLength(10_000)]
    public string Topics { get; set; } = "";

    /// <summary>
    /// What the events are, as <c>ce_type</c> of CloudEvents 1.0: each is published with the headers of CloudEvents, in Kafka's binary mode. The id is
    /// <c>shard.epoch.sequence</c>, the source <c>urn:uuid:</c> and the outbox's identity. Empty: without these headers, which are longer than some payloads and cost throughput.
    /// Up to 200 characters. Default: empty.
    /// </summary>
    [StringLength(200)]
    public string CloudEventType { get; set; } = "";

    /// <summary>The header <c>content-type</c> that comes with these: what a payload is. 1 to 200 characters. Default: <c>application/protobuf</c>.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string CloudEventContentType { get; set; } = "application/protobuf";

    /// <summary>
    /// Whether to start on a PostgreSQL that may lose what it has confirmed (<c>fsync</c>, <c>synchronous_commit</c> or <c>full_page_writes</c> is off).
    /// It is said at every start, and in <see cref="IOutboxStatus.Reason"/>. Default: false.
    /// </summary>
    public bool Unsafe { get; set; }

    /// <summary>
    /// Whether the writers' statements are prepared on the server, and what limits them is set for a connection once. Saves CPU; turn it off behind a pooler
    /// that shares connections between transactions. Default: true.
    /// </summary>
    public bool PrepareStatements { get; set; } = true;

    /// <summary>How long a clean stop waits for commits and acknowledgements under way. 0 s to 5 min. Default: 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How to reach Kafka.</summary>
    public KafkaOptions Kafka { get; } = new();
}
