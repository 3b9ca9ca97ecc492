// The story at one glance: is anything lost, is anything waiting, how fast is it, and what is wrong.
import { dashboard, row, section } from './layout.mjs';
import { completeness, graph, heatmap, limit, never, only, own, p50AndP99, quantile, query, recorded, stat, sumRate, table, text } from './lib.mjs';

const add = `rpc_method="tally.v1.Calculator/Add", ${own}`;
const toOutbox = [['tally-outbox', 'Outbox']];
const toTotals = [['tally-totals', 'Totals']];
const now = 'Now; what an instance counts is added, what all of them read from the same table is taken once.';
const waits = [['green', 0], ['yellow', 1000], ['red', 10000]];

export default dashboard({
  uid: 'tally',
  title: 'Tally',
  description: 'Is anything lost, is anything waiting, how fast is it, and what is wrong?',
  rows: [
    section('Is anything lost?'),
    row(
      4,
      stat({
        title: 'The total',
        width: 6,
        description: 'The running total, to 15 digits, and how many results it has, as the database of Totals says. Nothing is compared by these: Completeness is, exactly.',
        unit: 'none',
        noValue: 'unknown',
        overrides: [only('results', { unit: 'short' })],
        queries: [query(`max(tally_totals_value{${own}})`, 'total'), query(`max(tally_totals_results{${own}})`, 'results')],
        links: toTotals,
      }),
      stat({
        title: 'Completeness',
        width: 5,
        description:
          "Shards whose total isn't what the outbox says it is at the very position that Totals holds, compared exactly by Totals; of several instances the worst. Unknown while there is a shard of which nobody can say it. 0, always: otherwise docs/operations.md#the-total-disagrees-with-the-outbox.",
        unit: 'suffix: shards differ',
        decimals: 0,
        loud: true,
        noValue: 'Unknown: not all is compared',
        mappings: [text(0, 'Complete: difference 0', 'green')],
        bounds: [['green', 0], ['red', 1]],
        queries: [query(completeness)],
        links: toTotals,
      }),
      stat({
        title: 'Age of that comparison',
        width: 3,
        description: 'Time since an instance of Totals compared for the last time; of several the longest. Behind a minute: docs/operations.md#the-audit-is-stale.',
        unit: 's',
        noValue: 'never',
        bounds: [['green', 0], ['yellow', 30], ['red', 60]],
        queries: [query(`max(tally_inbox_audit_age_seconds{${own}})`)],
        links: toTotals,
      }),
      stat({
        title: 'Standing still',
        width: 6,
        description:
          'Shards that wait for an event that Kafka does not have, shards that stopped for good in the outbox or in Totals, and messages in quarantine. 0 when all is well: otherwise docs/operations.md#a-gap-results-are-missing-in-kafka, docs/operations.md#a-shard-stopped and docs/operations.md#quarantine-messages-that-totals-could-not-fold.',
        unit: 'short',
        decimals: 0,
        bounds: [['green', 0], ['red', 1]],
        queries: [
          query(`sum(tally_inbox_gaps{${own}})`, 'gaps'),
          query(`sum(tally_outbox_shards_stopped{${own}})`, 'stopped, outbox'),
          query(`sum(tally_inbox_shards_stopped{${own}})`, 'stopped, Totals'),
          query(`max(tally_inbox_quarantine_size{${own}})`, 'quarantine'),
        ],
        links: toTotals,
      }),
      stat({
        title: 'Instances',
        width: 4,
        description: 'Instances of both services that answer Prometheus, and those that do not: docs/operations.md#an-instance-is-down.',
        unit: 'short',
        decimals: 0,
        noValue: 'none is known',
        bounds: [['green', 0]],
        overrides: [only('down', { thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: 1 }] } })],
        queries: [query(`sum(up{${own}})`, 'up'), query(`sum(1 - up{${own}})`, 'down')],
        links: [['tally-runtime', 'Runtime']],
      }),
    ),
    section('The way: Calculator → outbox → Kafka → Totals'),
    row(
      4,
      stat({
        title: 'Asked',
        width: 4,
        description: `Adds that ended, whatever their answer. ${now}`,
        unit: 'count:adds/s',
        queries: [query(sumRate('rpc_server_call_duration_seconds_count', add))],
        links: toOutbox,
      }),
      stat({
        title: '→ wait for a commit →',
        width: 3,
        description: `Calls that wait for a commit, in all shards; behind the capacity of a shard's queue calls are refused. ${now}`,
        unit: 'short',
        bounds: waits,
        queries: [query(`sum(tally_outbox_queue_length{${own}})`)],
        links: toOutbox,
      }),
      stat({
        title: 'Committed',
        width: 4,
        description: `Results stored in the outbox. ${now} None although there are calls: docs/operations.md#calls-come-and-nothing-is-stored.`,
        unit: 'count:results/s',
        queries: [query(sumRate('tally_outbox_committed_total', own))],
        links: toOutbox,
      }),
      stat({
        title: '→ wait for Kafka →',
        width: 3,
        description: 'Results stored and not noted as relayed, as the tables say, also while no relay runs. It is looked at every 5 seconds. See docs/operations.md#the-backlog-grows.',
        unit: 'short',
        bounds: waits,
        queries: [query(`sum(max by (tally_shard) (tally_outbox_backlog{${own}}))`)],
        links: toOutbox,
      }),
      stat({
        title: 'Published',
        width: 4,
        description: `Results that Kafka acknowledged. ${now}`,
        unit: 'count:results/s',
        queries: [query(sumRate('tally_outbox_published_total', own))],
        links: toOutbox,
      }),
      stat({
        title: '→ wait in Kafka →',
        width: 3,
        description: 'Events that Totals has not read yet, of all partitions. See docs/operations.md#lag-the-total-falls-behind.',
        unit: 'short',
        bounds: waits,
        queries: [query(`sum(max by (tally_partition) (tally_inbox_lag{${own}}))`)],
        links: toTotals,
      }),
      stat({
        title: 'Applied',
        width: 3,
        description: `Results folded into the total and committed. ${now}`,
        unit: 'count:results/s',
        queries: [query(sumRate('tally_inbox_events_applied_total', own))],
        links: toTotals,
      }),
    ),
    row(
      4,
      stat({
        title: 'Into the total, in the range shown',
        width: 6,
        description:
          'About how many results went into the total within the time range of this page, made of rates. A double cannot hold exact totals: `./tally total` and `/api/status` of Totals say the exact count and the total.',
        unit: 'count:results',
        queries: [query(`sum(increase(tally_inbox_events_applied_total{${own}}[$__range]))`)],
        links: toTotals,
      }),
      stat({
        title: 'From commit to total, now',
        width: 6,
        description: 'Half of the results, and 99 of 100, are in the total after this time, by the clocks of both services. See docs/operations.md#results-are-late-the-budget-burns.',
        unit: 's',
        noValue: 'nothing is applied',
        bounds: [['green', 0], ['yellow', 0.5], ['red', 1]],
        queries: p50AndP99('tally_inbox_event_delay_seconds', own),
        links: toTotals,
      }),
      stat({
        title: 'Oldest waiting for Kafka',
        width: 6,
        description: "How old the oldest result is that isn't in Kafka, by the database's clock; 0 when none waits. Behind a minute: docs/operations.md#results-wait-for-kafka.",
        unit: 's',
        bounds: [['green', 0], ['yellow', 10], ['red', 60]],
        queries: [query(`max(tally_outbox_backlog_age_seconds{${own}})`)],
        links: toOutbox,
      }),
      stat({
        title: 'Time to drain',
        width: 6,
        description: 'How long what waits will take at the measured speed of the last minute: for Kafka (the slowest shard) and in Kafka. A rule of all instances, whichever are chosen.',
        unit: 's',
        mappings: [never],
        bounds: [['green', 0], ['yellow', 10], ['red', 60]],
        queries: [query(`max(tally:outbox_drain_seconds{${recorded}})`, 'outbox'), query(`max(tally:inbox_lag_seconds{${recorded}})`, 'Totals')],
        links: toOutbox,
      }),
    ),
    row(
      9,
      table({
        title: 'What is wrong now',
        width: 10,
        description:
          'Alerts that fire, of all instances. Each has a section in docs/operations.md, with its meaning, what to do and a query to start from: look for its name there. A page means now, a ticket the next working day.',
        noValue: 'No alert fires.',
        columns: { alertname: 'Alert', severity: 'Urgency', instance: 'Instance', tally_shard: 'Shard' },
        overrides: [
          only('severity', {
            'custom.cellOptions': { type: 'color-text' },
            'mappings': [{ type: 'value', options: { page: { color: 'red', index: 0, text: 'page' }, ticket: { color: 'orange', index: 1, text: 'ticket' } } }],
          }),
        ],
        // Without the rules nothing can fire, and an empty table would lie.
        queries: [
          query(
            'ALERTS{alertstate="firing", alertname=~"Tally.+"}'
              + ' or label_replace(absent(tally:committed:rate1m or tally:applied:rate1m), "alertname", "Unknown: nothing is scraped, or no rules run", "", "")'),
        ],
      }),
      graph({
        title: 'Speed along the way',
        width: 14,
        description: 'Asked, committed, published and applied lie on one line when nothing piles up. What was published or applied again is not in it.',
        unit: 'count:/s',
        queries: [
          query(sumRate('rpc_server_call_duration_seconds_count', add), 'asked'),
          query(sumRate('tally_outbox_committed_total', own), 'committed'),
          query(sumRate('tally_outbox_published_total', own), 'published'),
          query(sumRate('tally_inbox_events_applied_total', own), 'applied'),
        ],
      }),
    ),
    section('How fast is it?'),
    row(
      9,
      heatmap({
        title: 'From commit to total, all of it',
        width: 12,
        description: 'How many results took how long from commit to total: an even sample of each fold.',
        unit: 's',
        cellUnit: 'count:samples/s',
        noValue: 'Nothing was applied.',
        queries: [query(sumRate('tally_inbox_event_delay_seconds_bucket', own, 'le'))],
      }),
      graph({
        title: 'From commit to total, p50 and p99',
        width: 12,
        description: 'The aim is 99 of 100 within a second: docs/operations.md#results-are-late-the-budget-burns.',
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
        title: 'What waits',
        width: 8,
        description: 'For a commit, for Kafka, and in Kafka for Totals.',
        unit: 'short',
        queries: [
          query(`sum(tally_outbox_queue_length{${own}})`, 'for a commit'),
          query(`sum(max by (tally_shard) (tally_outbox_backlog{${own}}))`, 'for Kafka'),
          query(`sum(max by (tally_partition) (tally_inbox_lag{${own}}))`, 'in Kafka'),
        ],
      }),
      graph({
        title: 'Adds by answer',
        width: 8,
        description:
          "gRPC's codes. RESOURCE_EXHAUSTED means that a shard's queue is full; UNAVAILABLE also that the instance does not own the shard. See docs/operations.md#adds-fail-the-budget-burns.",
        unit: 'count:adds/s',
        stacked: true,
        noValue: 'No adds yet.',
        queries: [query(sumRate('rpc_server_call_duration_seconds_count', add, 'rpc_response_status_code'), '{{rpc_response_status_code}}')],
      }),
      graph({
        title: 'How long an add takes',
        width: 8,
        description: "From a call's headers to the end of its answer, in the Calculator; its commit is within.",
        unit: 's',
        logarithmic: true,
        noValue: 'No adds yet.',
        queries: [
          query(quantile(0.5, 'rpc_server_call_duration_seconds', add), 'p50'),
          { ...query(quantile(0.99, 'rpc_server_call_duration_seconds', add), 'p99'), exemplar: true },
        ],
      }),
    ),
    row(
      8,
      graph({
        title: 'How fast the budget of failed adds burns',
        width: 12,
        description:
          'Share of adds that failed by no fault of the caller, as a multiple of the aim of 0.1%. At 1 the budget of a month lasts a month; alerts begin at 14.4 (an hour and five minutes) and 6 (six hours and thirty minutes). Of all instances. See docs/operations.md#adds-fail-the-budget-burns.',
        unit: 'suffix:×',
        noValue: 'No adds yet.',
        overrides: [limit('aim')],
        bounds: [['yellow', 6], ['red', 14.4]],
        queries: [
          query(`tally:adds_failed:ratio5m{${recorded}} / 0.001`, 'five minutes'),
          query(`tally:adds_failed:ratio1h{${recorded}} / 0.001`, 'an hour'),
          query(`tally:adds_failed:ratio6h{${recorded}} / 0.001`, 'six hours'),
          query('vector(1)', 'aim'),
        ],
      }),
      graph({
        title: 'How fast the budget of late results burns',
        width: 12,
        description:
          'Share of results that took more than a second from commit to total, as a multiple of the aim of 1%. Alerts begin at 14.4 (an hour and five minutes) and 6 (six hours and thirty minutes). Of all instances. See docs/operations.md#results-are-late-the-budget-burns.',
        unit: 'suffix:×',
        noValue: 'Nothing was applied.',
        overrides: [limit('aim')],
        bounds: [['yellow', 6], ['red', 14.4]],
        queries: [
          query(`tally:totals_late:ratio5m{${recorded}} / 0.01`, 'five minutes'),
          query(`tally:totals_late:ratio1h{${recorded}} / 0.01`, 'an hour'),
          query(`tally:totals_late:ratio6h{${recorded}} / 0.01`, 'six hours'),
          query('vector(1)', 'aim'),
        ],
      }),
    ),
  ],
});
