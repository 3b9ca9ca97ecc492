// The Calculator's side: what waits in the outbox, commits, the relay, and who owns which shard.
import { dashboard, row, section } from './layout.mjs';
import { graph, limit, mean, own, ownShards, p50AndP99, quantile, query, recordedShards, sumIncrease, sumRate, text, timeline } from './lib.mjs';

const all = 'All instances read it from the same table, also while no relay runs; it is looked at every 5 seconds.';
const window = 'Each point counts the interval that it stands for.';
const shard = 'shard {{tally_shard}}';

export default dashboard({
  uid: 'tally-outbox',
  title: 'Tally: Outbox',
  description: 'What is stored and waits for Kafka, how commits and the relay do, and who owns which shard.',
  shards: true,
  rows: [
    section('What waits'),
    row(
      8,
      graph({
        title: 'Waiting for Kafka, by shard',
        width: 8,
        description: `Results stored and not noted as relayed. ${all} See docs/operations.md#the-backlog-grows.`,
        unit: 'short',
        queries: [query(`max by (tally_shard) (tally_outbox_backlog{${ownShards}})`, shard)],
      }),
      graph({
        title: 'Age of the oldest, by shard',
        width: 8,
        description: `How old the oldest of them is, by the database's clock; 0 when there is none. ${all} Behind a minute an alert fires: docs/operations.md#results-wait-for-kafka.`,
        unit: 's',
        bounds: [['red', 60]],
        queries: [query(`max by (tally_shard) (tally_outbox_backlog_age_seconds{${ownShards}})`, shard)],
      }),
      graph({
        title: 'Time to drain, by shard',
        width: 8,
        description: 'How long what waits will take at the measured speed of the last minute. A day stands for a day and more, and for never: something waits, and nothing moves. A rule of all instances.',
        unit: 's',
        bounds: [['red', 60]],
        queries: [query(`clamp_max(max by (tally_shard) (tally:outbox_drain_seconds{${recordedShards}}), 86400)`, shard)],
      }),
    ),
    row(
      8,
      graph({
        title: 'Growth of the backlog, by shard',
        width: 8,
        description: 'Results a second by which it grows or, below 0, shrinks, over five minutes. A rule of all instances. See docs/operations.md#the-backlog-grows.',
        unit: 'count:results/s',
        signed: true,
        noValue: 'Unknown: needs five minutes, and the rules.',
        queries: [query(`max by (tally_shard) (tally:outbox_backlog:deriv5m{${recordedShards}})`, shard)],
      }),
      graph({
        title: 'Calls that wait for a commit, by shard',
        width: 8,
        description: 'Against how many can wait in each shard: behind that, calls are refused with RESOURCE_EXHAUSTED.',
        unit: 'short',
        overrides: [limit('capacity of each')],
        queries: [query(`sum by (tally_shard) (tally_outbox_queue_length{${ownShards}})`, shard), query(`min(tally_outbox_queue_capacity{${own}})`, 'capacity of each')],
      }),
      graph({
        title: "In the relay's hands, by shard",
        width: 8,
        description: "Committed and not acknowledged by Kafka, to the result, in the memory of the shard's owner. Absent where nobody owns it.",
        unit: 'short',
        noValue: 'No instance owns a shard.',
        queries: [query(`max by (tally_shard) (tally_outbox_relay_pending{${ownShards}})`, shard)],
      }),
    ),
    section('Commits'),
    row(
      8,
      graph({
        title: 'Committed, by shard',
        width: 8,
        description: 'Results stored. Those without an ordering key keep to a few shards while these keep up. None although there are calls: docs/operations.md#calls-come-and-nothing-is-stored.',
        unit: 'count:results/s',
        stacked: true,
        queries: [query(sumRate('tally_outbox_committed_total', ownShards, 'tally_shard'), shard)],
      }),
      graph({
        title: 'How long a commit takes',
        width: 8,
        description: 'From sending a commit to its answer. It is most of what a caller waits for.',
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was committed.',
        queries: p50AndP99('tally_outbox_commit_duration_seconds', ownShards),
      }),
      graph({
        title: 'Results that share a commit',
        width: 8,
        description: 'The more calls wait, the more share one: this is how the outbox keeps up.',
        unit: 'short',
        noValue: 'Nothing was committed.',
        queries: [query(mean('tally_outbox_commit_size', ownShards), 'mean'), query(quantile(0.99, 'tally_outbox_commit_size', ownShards), 'p99')],
      }),
    ),
    section('Relay'),
    row(
      8,
      graph({
        title: 'Published, by shard',
        width: 6,
        description: 'Results that Kafka acknowledged.',
        unit: 'count:results/s',
        stacked: true,
        queries: [query(sumRate('tally_outbox_published_total', ownShards, 'tally_shard'), shard)],
      }),
      graph({
        title: 'How long publishing takes',
        width: 6,
        description: "From handing a result to Kafka's client to Kafka's acknowledgement; one result at a time is watched in each shard. All shards of the chosen instances.",
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was published.',
        queries: p50AndP99('tally_outbox_publish_duration_seconds', own),
      }),
      graph({
        title: 'Not from memory, or not for the first time',
        width: 6,
        description:
          'Results handed to Kafka again after a failure or a rewind (Totals skips them), and results that the relay read from the table instead of memory: after a start, a takeover, or when it lagged behind.',
        unit: 'count:results/s',
        queries: [
          query(sumRate('tally_outbox_republished_total', ownShards), 'published again'),
          query(sumRate('tally_outbox_relay_table_reads_total', ownShards), 'read from the table'),
        ],
      }),
      graph({
        title: 'Failures to publish, by shard',
        width: 6,
        description: `Times that a relay began again behind its last acknowledged result, and results that Kafka's client said were not delivered. ${window} See docs/operations.md#results-wait-for-kafka.`,
        unit: 'short',
        bars: true,
        queries: [
          query(sumIncrease('tally_outbox_publish_failures_total', ownShards, 'tally_shard'), shard),
          query(sumIncrease('tally_outbox_deliveries_failed_total', ownShards), 'results not delivered'),
        ],
      }),
    ),
    section('Who owns what'),
    row(
      10,
      timeline({
        title: 'Owners over time',
        width: 14,
        description: 'Which instance holds a lease for which shard, and whether it has run out. A shard that changes hands shows as two lines: one ends, the other begins. See docs/operations.md#a-lease-was-lost.',
        unit: 'none',
        noValue: 'No instance has a lease.',
        mappings: [text(1, 'owns', 'green'), text(0, 'lease run out', 'red')],
        bounds: [['red', 0], ['green', 1]],
        queries: [query(`max by (tally_shard, instance) (tally_outbox_lease_remaining_seconds{${ownShards}} > bool 0)`, '{{tally_shard}} · {{instance}}')],
      }),
      graph({
        title: 'Lease remaining, by shard and instance',
        width: 10,
        description: 'How long a lease lasts unless it is renewed; below 0 when it has run out. One that often comes near 0 belongs to an instance that renews too late: docs/operations.md#a-lease-was-lost.',
        unit: 's',
        signed: true,
        noValue: 'No instance has a lease.',
        queries: [query(`min by (tally_shard, instance) (tally_outbox_lease_remaining_seconds{${ownShards}})`, '{{tally_shard}} · {{instance}}')],
      }),
    ),
    row(
      8,
      graph({
        title: 'Claims and fenced commits, by instance',
        width: 8,
        description: `Claims, each a new epoch, and commits refused because another instance had taken the shard. ${window} See docs/operations.md#a-lease-was-lost.`,
        unit: 'short',
        bars: true,
        queries: [
          query(sumIncrease('tally_outbox_claims_total', ownShards, 'instance'), 'claims, {{instance}}'),
          query(sumIncrease('tally_outbox_fenced_total', ownShards, 'instance'), 'fenced, {{instance}}'),
        ],
      }),
      graph({
        title: 'Shards owned and stopped, by instance',
        width: 8,
        description: 'Shards that an instance can store to, and those that stopped for good (0 when all is well): docs/operations.md#a-shard-stopped.',
        unit: 'none',
        queries: [
          query(`sum by (instance) (tally_outbox_shards_owned{${own}})`, 'owned, {{instance}}'),
          query(`sum by (instance) (tally_outbox_shards_stopped{${own}})`, 'stopped, {{instance}}'),
        ],
      }),
      graph({
        title: 'Idempotency keys',
        width: 8,
        description: 'Calls that got the answer stored under their key (a rise says that callers lose answers), and calls refused because their key belongs to another request (a fault of the caller).',
        unit: 'count:calls/s',
        queries: [
          query(sumRate('tally_outbox_keys_repeated_total', ownShards), 'answered from the store'),
          query(sumRate('tally_outbox_keys_reused_total', ownShards), 'refused'),
        ],
      }),
    ),
    section('Tables'),
    row(
      8,
      graph({
        title: 'Segments, by shard',
        width: 8,
        description: `Segments of a shard's table, those made ahead included. ${all} See docs/operations.md#old-results-what-is-kept-and-what-goes.`,
        unit: 'none',
        queries: [query(`max by (tally_shard) (tally_outbox_segments{${ownShards}})`, shard)],
      }),
      graph({
        title: 'Results kept, by shard',
        width: 8,
        description: `Results that retention has not dropped. ${all} See docs/operations.md#old-results-what-is-kept-and-what-goes.`,
        unit: 'short',
        stacked: true,
        queries: [query(`max by (tally_shard) (tally_outbox_kept{${ownShards}})`, shard)],
      }),
      graph({
        title: 'Size on disk, by shard',
        width: 8,
        description: `What the segments take on the database's disk. ${all} See docs/operations.md#a-disk-is-full.`,
        unit: 'bytes',
        stacked: true,
        queries: [query(`max by (tally_shard) (tally_outbox_size_bytes{${ownShards}})`, shard)],
      }),
    ),
  ],
});
