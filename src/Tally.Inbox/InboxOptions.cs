using System.ComponentModel.DataAnnotations;
using Tally.Kafka;

namespace Tally.Inbox;

/// <summary>Settings of an inbox. Checked at start: a value out of its limits stops the start and names setting, value and limits.</summary>
public sealed class InboxOptions
{
    /// <summary>The section of the configuration that these settings are usually in.</summary>
    public const string Section = "Inbox";

    /// <summary>Npgsql connection string of the database that keeps the folds. Required.</summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    /// <summary>The schema of the inbox's own tables, made at start. Default: <c>inbox</c>. Lower-case letters, digits and <c>_</c>.</summary>
    [Required]
    [RegularExpression("[a-z_][a-z0-9_]{0,62}")]
    public string Schema { get; set; } = "inbox";

    /// <summary>The schema as it stands in statements: some names that are allowed are key words of SQL.</summary>
    internal string SchemaName => $"\"{Schema}\"";

    /// <summary>The topic to consume. Default: <c>sums</c>.</summary>
    [Required]
    [StringLength(249, MinimumLength = 1)]
    public string Topic { get; set; } = "sums";

    /// <summary>
    /// The consumer group. Instances with the same group and database share the partitions; another group needs another schema or database.
    /// Default: <c>totals</c>.
    /// </summary>
    [Required]
    [StringLength(249, MinimumLength = 1)]
    public string GroupId { get; set; } = "totals";

    /// <summary>How to reach Kafka.</summary>
    [Required]
    public KafkaOptions Kafka { get; set; } = new();

    /// <summary>
    /// How long the broker waits for <see cref="FetchMinBytes"/> before it answers a fetch with less. Default: 250 ms. Limits: 1 ms to 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan FetchWait { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// The broker answers a fetch as soon as it has this many bytes. 1 means at once: the least delay. More saves fetches, and lets a lone event wait up
    /// to <see cref="FetchWait"/>. Default: 1. Limits: 1 to 10,000,000.
    /// </summary>
    [Range(1, 10_000_000)]
    public int FetchMinBytes { get; set; } = 1;

    /// <summary>How much is fetched ahead of the folds, in kilobytes of messages; small ones take about ten times as much memory. Default: 512. Limits: 64 to 1,048,576.</summary>
    [Range(64, 1_048_576)]
    public int FetchAheadKilobytes { get; set; } = 512;

    /// <summary>A consumer that isn't heard of for this long loses its partitions. Default: 6 s, the least most brokers allow. Limits: 1 s to 30 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")]
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// How long to wait until the group assigns partitions, or says that there are none; then the consumer is closed and made again. A rebalance takes about one
    /// <see cref="SessionTimeout"/>. Default: 30 s. Limits: 1 s to 1 h, and at least twice <see cref="SessionTimeout"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// While more events are waiting, a commit starts only once this many were folded; it starts at once when none are waiting.
    /// Default: 2,000. Limits: 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int FoldTarget { get; set; } = 2_000;

    /// <summary>
    /// At most this many events are folded in memory while the commit before them is under way; then consuming waits. Bounds the memory of what is
    /// stored with a fold. Default: 50,000. Limits: 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxFoldEvents { get; set; } = 50_000;

    /// <summary>
    /// How many events that came too early a shard keeps in memory until those before them come. What is beyond is read again later.
    /// Default: 10,000. Limits: 1 to 1,000,000.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxSetAside { get; set; } = 10_000;

    /// <summary>
    /// How long the next event may be missing, while later ones are there or the outbox has relayed it, until the shard is reported as having a gap and the
    /// outbox is asked to send again. An old owner's last events may overlap with the new owner's first, so a moment is normal. Default: 10 s. Limits: 100 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan GapGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often positions are compared with the outbox's, where an <see cref="IInboxSource{TState}"/> is there to ask. Default: 5 s. Limits: 100 ms to 1 h.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan AuditInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a statement may take. Past that it's given up, and the positions are read again before anything else is folded. The server ends the
    /// transaction after the same time (PostgreSQL 17 and later). Default: 10 s. Limits: 1 s to 10 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause between two tries while the database or Kafka is away; pauses grow up to it. Default: 5 s. Limits: 10 ms to 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:10:00")]
    public TimeSpan MaxRetryPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether statements are prepared on the server. Saves CPU; turn it off behind a pooler that shares connections between transactions.
    /// Default: true.
    /// </summary>
    public bool PrepareStatements { get; set; } = true;

    /// <summary>
    /// Whether to start on a PostgreSQL that may lose what it has confirmed (<c>fsync</c>, <c>synchronous_commit</c> or <c>full_page_writes</c> is off).
    /// It is said at every start. Default: false.
    /// </summary>
    public bool Unsafe { get; set; }

    /// <summary>How often old folds are removed. Default: 30 s. Limits: 1 s to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan CleanupInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many of its last folds a shard keeps. Only the last one is needed. Default: 100. Limits: 1 to 1,000,000.</summary>
    [Range(1, 1_000_000)]
    public int KeepFolds { get; set; } = 100;
}
