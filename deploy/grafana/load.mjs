// A load test, from both ends: what k6 says of its calls beside what the services say of the same seconds.
// k6 sends its numbers with --out experimental-prometheus-rw, of its trends p(50), p(95), p(99) and max: docs/telemetry.md has the settings.
import { dashboard, row, section } from './layout.mjs';
import { graph, limit, own, p50AndP99, quantile, query, recorded, stat, sumRate } from './lib.mjs';

// The tag is k6's own (--tag testid=…). A test without it is shown while all are chosen.
const test = 'testid=~"$test"';
const add = `rpc_method="tally.v1.Calculator/Add", ${own}`;
const instance = '{{instance}}';
const none = 'No k6 has sent anything: docs/telemetry.md#dashboards.';
const idle = 'no test';
// k6 says nothing of what it never had to drop; while it iterates, that is 0.
const dropped = `${sumRate('k6_dropped_iterations_total', test)} or 0 * ${sumRate('k6_iterations_total', test)}`;
const sinceStart = 'k6 makes it of all calls since the test began, so it follows changes ever more slowly.';

export default dashboard({
  uid: 'tally-load',
  title: 'Tally: Load test',
  description: 'What a load test asks for, what it gets, and what that does to the services.',
  tests: true,
  rows: [
    section('The test'),
    row(
      4,
      stat({
        title: 'Iterations',
        width: 4,
        description: 'Iterations that k6 ended, now. Usually each is one call.',
        unit: 'count:/s',
        noValue: idle,
        queries: [query(sumRate('k6_iterations_total', test))],
      }),
      stat({
        title: 'Dropped',
        width: 4,
        description: 'Iterations that were due and that k6 could not begin, since all its virtual users waited for answers. Above 0 it asks for less than was planned: give it more users, or see what is slow.',
        unit: 'count:/s',
        noValue: idle,
        bounds: [['green', 0], ['red', 0.001]],
        queries: [query(dropped)],
      }),
      stat({
        title: 'Virtual users',
        width: 4,
        description: 'Users of k6 that are at work, and those it has made.',
        unit: 'short',
        noValue: idle,
        queries: [query(`sum(k6_vus{${test}})`, 'at work'), query(`sum(k6_vus_max{${test}})`, 'made')],
      }),
      stat({
        title: 'Checks that hold',
        width: 4,
        description: "Of the test's own checks, the one that holds least often, since the test began. A test without checks has none.",
        unit: 'percentunit',
        noValue: idle,
        bounds: [['red', 0], ['yellow', 0.99], ['green', 0.999]],
        queries: [query(`min(k6_checks_rate{${test}})`)],
      }),
      stat({
        title: 'Calls, as k6 sees them',
        width: 8,
        description: `How long gRPC calls take that were answered OK, over the network and in k6's own queue; of several methods the slowest. ${sinceStart}`,
        unit: 's',
        noValue: idle,
        bounds: [['green', 0], ['yellow', 0.1], ['red', 1]],
        queries: [
          query(`max(k6_grpc_req_duration_p50{status="0", ${test}})`, 'p50'),
          query(`max(k6_grpc_req_duration_p95{status="0", ${test}})`, 'p95'),
          query(`max(k6_grpc_req_duration_p99{status="0", ${test}})`, 'p99'),
          query(`max(k6_grpc_req_duration_max{status="0", ${test}})`, 'longest'),
        ],
      }),
    ),
    section('Asked and answered'),
    row(
      9,
      graph({
        title: 'Along the way, k6 included',
        width: 12,
        description: "k6's iterations, the adds that ended, what was committed and what was applied lie on one line while everything keeps up. Other callers' adds are in it, too. See docs/operations.md#adds-fail-the-budget-burns.",
        unit: 'count:/s',
        queries: [
          query(sumRate('k6_iterations_total', test), 'iterations'),
          query(dropped, 'dropped'),
          query(sumRate('rpc_server_call_duration_seconds_count', add), 'adds'),
          query(sumRate('tally_outbox_committed_total', own), 'committed'),
          query(sumRate('tally_inbox_events_applied_total', own), 'applied'),
        ],
      }),
      graph({
        title: 'Answers of the Calculator, by code',
        width: 6,
        description: "gRPC's codes, as the Calculator counts them. RESOURCE_EXHAUSTED under load means that a shard's queue is full: docs/operations.md#adds-fail-the-budget-burns.",
        unit: 'count:adds/s',
        stacked: true,
        noValue: 'No adds yet.',
        queries: [query(sumRate('rpc_server_call_duration_seconds_count', add, 'rpc_response_status_code'), '{{rpc_response_status_code}}')],
      }),
      graph({
        title: 'Virtual users and checks that fail',
        width: 6,
        description: "Users at work against those that k6 has made: on one line, k6 waits for answers. On the same scale the share of each check that fails, in percent, since the test began.",
        unit: 'short',
        noValue: none,
        overrides: [limit('users made')],
        queries: [
          query(`sum(k6_vus{${test}})`, 'users at work'),
          query(`sum(k6_vus_max{${test}})`, 'users made'),
          query(`100 * (1 - min by (check) (k6_checks_rate{${test}}))`, '{{check}}: % that fail'),
        ],
      }),
    ),
    section('How long it takes, from both ends'),
    row(
      8,
      graph({
        title: 'Calls by method and code, as k6 sees them (p99)',
        width: 6,
        description: `Status 0 is OK, 8 a full queue, 14 an instance that is away or does not own the shard. ${sinceStart}`,
        unit: 's',
        logarithmic: true,
        noValue: none,
        queries: [query(`max by (method, status) (k6_grpc_req_duration_p99{${test}})`, '{{method}}, status {{status}}')],
      }),
      graph({
        title: 'Adds, as the Calculator sees them',
        width: 6,
        description: "From a call's headers to the end of its answer, of the seconds shown. What k6 sees beyond that is the network, and k6 that waits for a processor.",
        unit: 's',
        logarithmic: true,
        noValue: 'No adds yet.',
        queries: [
          query(quantile(0.5, 'rpc_server_call_duration_seconds', add), 'p50'),
          query(quantile(0.95, 'rpc_server_call_duration_seconds', add), 'p95'),
          query(quantile(0.99, 'rpc_server_call_duration_seconds', add), 'p99'),
        ],
      }),
      graph({
        title: 'Commits',
        width: 6,
        description: 'From sending a commit to its answer. It is most of what a caller waits for; the rest is waiting for the commit before.',
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was committed.',
        queries: p50AndP99('tally_outbox_commit_duration_seconds', own),
      }),
      graph({
        title: 'From commit to total',
        width: 6,
        description: 'By the clocks of both services. The aim is 99 of 100 within a second, under load too: docs/operations.md#results-are-late-the-budget-burns.',
        unit: 's',
        logarithmic: true,
        bounds: [['red', 1]],
        noValue: 'Nothing was applied.',
        queries: p50AndP99('tally_inbox_event_delay_seconds', own),
      }),
    ),
    section('What piles up'),
    row(
      8,
      graph({
        title: 'What waits under this load',
        width: 8,
        description: 'For a commit, for Kafka, and in Kafka for Totals. What only rises is the limit that the test has found: docs/operations.md#the-backlog-grows and docs/operations.md#lag-the-total-falls-behind.',
        unit: 'short',
        queries: [
          query(`sum(tally_outbox_queue_length{${own}})`, 'for a commit'),
          query(`sum(max by (tally_shard) (tally_outbox_backlog{${own}}))`, 'for Kafka'),
          query(`sum(max by (tally_partition) (tally_inbox_lag{${own}}))`, 'in Kafka'),
        ],
      }),
      graph({
        title: 'Time until it is gone',
        width: 8,
        description:
          'At the measured speed of the last minute: the slowest shard of the outbox, and what lies in Kafka. A day stands for a day and more, and for never. Rules of all instances. See docs/operations.md#the-backlog-grows.',
        unit: 's',
        bounds: [['red', 60]],
        queries: [
          query(`clamp_max(max(tally:outbox_drain_seconds{${recorded}}), 86400)`, 'outbox'),
          query(`clamp_max(max(tally:inbox_lag_seconds{${recorded}}), 86400)`, 'Totals'),
        ],
      }),
      graph({
        title: 'Sent and received by k6',
        width: 8,
        description: "k6's own traffic.",
        unit: 'binBps',
        noValue: none,
        queries: [query(sumRate('k6_data_sent_total', test), 'sent'), query(sumRate('k6_data_received_total', test), 'received')],
      }),
    ),
    section('What it costs'),
    row(
      8,
      graph({
        title: 'Processor under this load, by instance',
        width: 8,
        description: 'Cores in use: 1 is one core, fully. k6, PostgreSQL and Kafka are not in it; on one machine they take theirs from the same cores.',
        unit: 'suffix: cores',
        stacked: true,
        queries: [query(sumRate('dotnet_process_cpu_time_seconds_total', own, 'instance'), instance)],
      }),
      graph({
        title: 'Memory under this load, by instance',
        width: 8,
        description: 'The working set. It levels off when all is well.',
        unit: 'bytes',
        queries: [query(`max by (instance) (dotnet_process_memory_working_set_bytes{${own}})`, instance)],
      }),
      graph({
        title: 'Pauses of the garbage collector, by instance',
        width: 8,
        description: 'Share of time that all threads stood still. They are part of every p99.',
        unit: 'percentunit',
        bounds: [['red', 0.1]],
        queries: [query(sumRate('dotnet_gc_pause_time_seconds_total', own, 'instance'), instance)],
      }),
    ),
  ],
});
