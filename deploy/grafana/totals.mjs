// The other side: what was folded into the total, what lags, and the proof that nothing is missing.
import { dashboard, row, section } from './layout.mjs';
import { graph, mean, own, p50AndP99, quantile, query, recorded, stat, sumIncrease, sumRate } from './lib.mjs';

const window = 'Each point counts the interval that it stands for.';
const trouble = [['green', 0], ['red', 1]];

export default dashboard({
  uid: 'tally-totals',
  title: 'Tally: Totals',
  description: 'Whether the total is right, how fast it follows, and what stands in its way.',
  rows: [
    section('Is it right?'),
    row(
      4,
      stat({
        title: 'Shards that differ',
        width: 4,
        description:
          "Shards whose total isn't what the outbox says it is at the very position that Totals holds, compared exactly; of several instances the worst. 0, always: otherwise docs/operations.md#the-total-disagrees-with-the-outbox.",
        unit: 'none',
        loud: true,
        bounds: trouble,
        queries: [query(`max(tally_inbox_audit_differences{${own}})`)],
      }),
      stat({
        title: 'Age of the last audit',
        width: 4,
        description: 'Time since positions were compared for the last time; of several instances the longest. See docs/operations.md#the-audit-is-stale.',
        unit: 's',
        noValue: 'never',
        bounds: [['green', 0], ['yellow', 30], ['red', 60]],
        queries: [query(`max(tally_inbox_audit_age_seconds{${own}})`)],
      }),
      stat({
        title: 'Shards with a gap',
        width: 4,
        description: 'Shards that wait for a missing event. See docs/operations.md#a-gap-results-are-missing-in-kafka.',
        unit: 'none',
        bounds: trouble,
        queries: [query(`sum(tally_inbox_gaps{${own}})`)],
      }),
      stat({
        title: 'Shards stopped',
        width: 4,
        description: 'Shards that are stopped by a fork or by damage: docs/operations.md#a-fork-the-outboxs-history-went-another-way and docs/operations.md#a-shard-stopped.',
        unit: 'none',
        bounds: trouble,
        queries: [query(`sum(tally_inbox_shards_stopped{${own}})`)],
      }),
      stat({
        title: 'In quarantine',
        width: 4,
        description:
          'Messages that nobody has decided about; 10,001 stands for more. All instances read them from the same table. See docs/operations.md#quarantine-messages-that-totals-could-not-fold.',
        unit: 'none',
        bounds: trouble,
        queries: [query(`max(tally_inbox_quarantine_size{${own}})`)],
      }),
      stat({
        title: 'Instances that consume',
        width: 4,
        description: 'Instances of Totals whose inbox consumes, and those whose inbox does not.',
        unit: 'none',
        bounds: [['green', 0]],
        queries: [query(`sum(tally_inbox_ready{${own}})`, 'consume'), query(`sum(1 - tally_inbox_ready{${own}})`, "don't")],
      }),
    ),
    row(
      8,
      graph({
        title: 'Differences over time, by instance',
        width: 8,
        description: 'A gap in a line means that it could not be compared. See docs/operations.md#the-total-disagrees-with-the-outbox.',
        unit: 'none',
        bounds: [['red', 1]],
        queries: [query(`max by (instance) (tally_inbox_audit_differences{${own}})`, '{{instance}}')],
      }),
      graph({
        title: 'Age of the last audit, by instance',
        width: 8,
        description: 'Behind a minute nothing says that the total is complete: docs/operations.md#the-audit-is-stale.',
        unit: 's',
        bounds: [['red', 60]],
        queries: [query(`max by (instance) (tally_inbox_audit_age_seconds{${own}})`, '{{instance}}')],
      }),
      graph({
        title: 'Audits',
        width: 8,
        description: `Times that positions were compared with the outbox, and times that they could not be. ${window} See docs/operations.md#the-audit-is-stale.`,
        unit: 'short',
        bars: true,
        queries: [query(sumIncrease('tally_inbox_audits_total', own), 'compared'), query(sumIncrease('tally_inbox_audit_failures_total', own), 'failed')],
      }),
    ),
    section('How fast does it follow?'),
    row(
      8,
      graph({
        title: 'Applied, by instance',
        width: 8,
        description: 'Results folded into the total and committed.',
        unit: 'count:results/s',
        stacked: true,
        queries: [query(sumRate('tally_inbox_events_applied_total', own, 'instance'), '{{instance}}')],
      }),
      graph({
        title: 'Duplicates suppressed',
        width: 8,
        description: 'Events skipped because the total holds them: published again after a failure, a rewind, or read again after a restart. They cost time, and change nothing.',
        unit: 'count:events/s',
        queries: [query(sumRate('tally_inbox_events_duplicate_total', own, 'instance'), '{{instance}}')],
      }),
      graph({
        title: 'Delay from commit to total',
        width: 8,
        description: 'By the clocks of both services; an even sample of each fold. The aim is 99 of 100 within a second: docs/operations.md#results-are-late-the-budget-burns.',
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was applied.',
        queries: p50AndP99('tally_inbox_event_delay_seconds', own),
      }),
    ),
    row(
      8,
      graph({
        title: 'Lag in events, by partition',
        width: 8,
        description: 'Events in Kafka that are not read yet. See docs/operations.md#lag-the-total-falls-behind.',
        unit: 'short',
        noValue: 'No partition is assigned.',
        queries: [query(`max by (tally_partition) (tally_inbox_lag{${own}})`, 'partition {{tally_partition}}')],
      }),
      graph({
        title: 'Lag in seconds',
        width: 8,
        description:
          'How long Totals needs for what waits in Kafka at the measured speed of the last minute. A day stands for a day and more, and for never. A rule of all instances. Behind half a minute: docs/operations.md#lag-the-total-falls-behind.',
        unit: 's',
        bounds: [['red', 30]],
        queries: [query(`clamp_max(max(tally:inbox_lag_seconds{${recorded}}), 86400)`, 'lag')],
      }),
      graph({
        title: 'Set aside, by instance',
        width: 8,
        description: 'Events that came too early and wait in memory. If it stays, an event is missing: docs/operations.md#a-gap-results-are-missing-in-kafka.',
        unit: 'short',
        queries: [query(`sum by (instance) (tally_inbox_events_set_aside{${own}})`, '{{instance}}')],
      }),
    ),
    row(
      8,
      graph({
        title: 'How long a fold takes',
        width: 8,
        description: 'Commits of Totals: the results that share one, their positions and the total.',
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was applied.',
        queries: p50AndP99('tally_inbox_fold_duration_seconds', own),
      }),
      graph({
        title: 'Results that share a fold',
        width: 8,
        description: 'The more waits, the more share one.',
        unit: 'short',
        noValue: 'Nothing was applied.',
        queries: [query(mean('tally_inbox_fold_events', own), 'mean'), query(quantile(0.99, 'tally_inbox_fold_events', own), 'p99')],
      }),
      graph({
        title: 'Collisions, by instance',
        width: 8,
        description: `Folds that another instance was faster with, as after a rebalance; nothing is counted twice. ${window}`,
        unit: 'short',
        bars: true,
        queries: [query(sumIncrease('tally_inbox_fold_collisions_total', own, 'instance'), '{{instance}}')],
      }),
    ),
    section('What stands in its way?'),
    row(
      8,
      graph({
        title: 'Gaps and stopped shards, by instance',
        width: 8,
        description: 'Shards that wait for a missing event, and shards that are stopped by a fork or by damage: docs/operations.md#a-gap-results-are-missing-in-kafka and docs/operations.md#a-shard-stopped.',
        unit: 'none',
        queries: [
          query(`sum by (instance) (tally_inbox_gaps{${own}})`, 'gaps, {{instance}}'),
          query(`sum by (instance) (tally_inbox_shards_stopped{${own}})`, 'stopped, {{instance}}'),
        ],
      }),
      graph({
        title: 'Forks and rewinds',
        width: 8,
        description: `Forks that were found, and times that the outbox was asked to send a shard again because Kafka had lost something. ${window} See docs/operations.md#a-fork-the-outboxs-history-went-another-way.`,
        unit: 'short',
        bars: true,
        queries: [query(sumIncrease('tally_inbox_forks_total', own), 'forks'), query(sumIncrease('tally_inbox_rewinds_total', own), 'rewinds')],
      }),
      graph({
        title: 'Quarantine',
        width: 8,
        description:
          "Messages in it (10,001 stands for more), and those that came within a point's interval. See docs/operations.md#quarantine-messages-that-totals-could-not-fold.",
        unit: 'short',
        queries: [query(`max(tally_inbox_quarantine_size{${own}})`, 'in it'), query(sumIncrease('tally_inbox_events_quarantined_total', own), 'came')],
      }),
    ),
  ],
});
