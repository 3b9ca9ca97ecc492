using Microsoft.Extensions.Logging;
using Npgsql;
using Tally.Outbox.Diagnostics;
using Tally.Outbox.Schema;
using Tally.Outbox.Storage;
using Tally.Outbox.Trimming;

namespace Tally.Outbox;

/// <summary>What all parts of one outbox share.</summary>
internal sealed record OutboxContext(
    OutboxOptions Options,
    string Instance,
    OutboxIdentity Identity,
    NpgsqlDataSource DataSource,
    SegmentStore Segments,
    LeaseStore Leases,
    BatchStore Batches,
    ProgressStore Progress,
    TrimStore Trims,
    KeptStore Kept,
    OutboxMetrics Metrics,
    TimeProvider Time,
    ILogger Logger);
