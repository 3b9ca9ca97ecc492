// What all scripts share: one add with an idempotency key, the books of what was accepted, and the proof that the total grew by exactly that.
//
// CALCULATORS and TOTALS say where they listen (host:port, separated by commas); RATE, DURATION (seconds) and USERS change a script's usual ones; OUT is
// the folder for the summary (the current one when left out), PATIENCE how many seconds the total may take behind the last call. Virtual users share nothing, so the books are counters: each accepted result is added, and at
// the end what the total grew by is subtracted. All numbers are integers whose sums stay far below 2^53, so that nothing is rounded.
import grpc from 'k6/net/grpc';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import { htmlOf, textOf } from './summary.js';

const calculators = addresses(__ENV.CALCULATORS, '127.0.0.1:50051');
const totals = addresses(__ENV.TOTALS, '127.0.0.1:50052');
const patience = { answer: 60, total: number(__ENV.PATIENCE, 120) }; // Seconds.
const gives = 1000; // Milliseconds: an answer that takes longer shows that the system has given.
const largest = 500000; // Of each number; a thousand million calls then stay below 2^53.

const accepted = new Counter('tally_accepted');
const acceptedSum = new Counter('tally_accepted_sum');
const begun = new Counter('tally_begun');
const notBegun = new Counter('tally_not_begun');
const unbooked = new Counter('tally_unbooked');
const refused = new Counter('tally_refused');
const unknown = new Counter('tally_unknown');
const wrong = new Counter('tally_wrong');
const countDifference = new Counter('tally_count_difference');
const sumDifference = new Counter('tally_sum_difference');
const latency = new Trend('tally_add_duration', true);

const client = new grpc.Client();
client.load([import.meta.resolve('../../protos').replace('file://', '')], 'tally/v1/calculator.proto', 'tally/v1/totals.proto');
let connected = false;
let moves = 0;
let gave = false;
let plan;

// The options of a script: an open model, whose iterations begin when they are due, whatever the ones before do. `stages` are
// {from, to, seconds}, rates in calls a second; `limits` are thresholds beside those on completeness. Without limits it looks for the limit: each user stops
// once an answer took it too long. (To abort the test would leave calls under way whose results nobody knows of.)
export function scenario(name, users, stages, limits) {
  const given = stages.map((stage) => ({ from: Math.round(stage.from), to: Math.round(stage.to), seconds: stage.seconds }));
  plan = { name, stages: given, seeksLimit: limits === undefined };
  users = number(__ENV.USERS, users);
  const steps = [];
  let rate = given[0].from;
  for (const stage of given) {
    if (stage.from !== rate) {
      steps.push({ target: stage.from, duration: '0s' });
    }

    steps.push({ target: stage.to, duration: `${stage.seconds}s` });
    rate = stage.to;
  }

  return {
    scenarios: {
      [name]: {
        executor: 'ramping-arrival-rate', startRate: given[0].from, timeUnit: '1s', stages: steps, preAllocatedVUs: users, maxVUs: users,
        gracefulStop: `${patience.answer + 10}s`,
      },
    },
    thresholds: {
      ...limits,
      tally_unknown: ['count==0'],
      tally_wrong: ['count==0'],
      tally_unbooked: ['count==0'],
      tally_count_difference: ['count==0'],
      tally_sum_difference: ['count==0'],
      // Always true: they make k6 keep the figures of each stage.
      ...Object.fromEntries(given.flatMap((_, at) => [
        [`tally_add_duration{stage:${at}}`, ['max>=0']],
        [`tally_begun{stage:${at}}`, ['count>=0']],
        [`tally_accepted{stage:${at}}`, ['count>=0']],
      ])),
    },
    setupTimeout: `${patience.total + 10}s`,
    teardownTimeout: `${patience.total + 10}s`,
    summaryTrendStats: ['p(50)', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'],
  };
}

// An even rate.
export const even = (rate, seconds) => ({ from: rate, to: rate, seconds });

// What the environment says, or what is usual.
export function number(text, usual) {
  const value = text === undefined || text === '' ? usual : Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new Error(`'${text}' is not a number above 0: RATE, DURATION, USERS and PATIENCE must be.`);
  }

  return value;
}

// Before the first call: the total as it is, once it holds all that was committed before; and what no other run's keys begin with.
export function setup() {
  const key = Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32).toString(36)).join('');
  return { key, before: totalNow() };
}

// One iteration: adds two numbers, and asks again with the same key until it knows the answer. Only a refusal that surely stored nothing is left at that.
export default function add(data) {
  if (gave) {
    notBegun.add(1);
    return;
  }

  const tags = { stage: String(stageNow()) };
  begun.add(1, tags);
  unbooked.add(1); // Until it is known what became of it, also if what follows should throw.
  const [a, b] = [integer(), integer()];
  const request = { a: String(a), b: String(b), idempotency_key: `${data.key}-${exec.vu.idInTest}-${exec.vu.iterationInInstance}` };
  const start = now();
  let mayBeStored = false;
  for (let pause = 0.05; ; pause = Math.min(2 * pause, 1)) {
    const reply = connect() ? client.invoke('tally.v1.Calculator/Add', request, { timeout: '5s' }) : never;
    if (reply.status === grpc.StatusOK) {
      gave = plan.seeksLimit && now() - start > gives;
      unbooked.add(-1);
      latency.add(now() - start, tags);
      accepted.add(1, tags);
      acceptedSum.add(a + b);
      countDifference.add(1);
      sumDifference.add(a + b);
      if (!check(reply, { 'the result is right': () => reply.message.result === String(a + b) })) {
        wrong.add(1);
      }

      return;
    }

    mayBeStored = mayBeStored || !storedNothing(reply);
    if (!mayBeStored) {
      unbooked.add(-1);
      refused.add(1);
      return;
    }

    if (now() - start > 1000 * patience.answer) {
      unbooked.add(-1);
      unknown.add(1);
      return;
    }

    move();
    sleep(pause);
  }
}

// Behind the last call: what the total grew by must be what was accepted.
export function teardown(data) {
  const after = totalNow();
  countDifference.add(-Number(BigInt(after.count) - BigInt(data.before.count)));
  sumDifference.add(-Number(scaled(after.total) - scaled(data.before.total)) / 1e9);
}

export function handleSummary(data) {
  const summary = summaryOf(data);
  const file = (ending) => `${__ENV.OUT || '.'}/k6.${ending}`;
  const text = textOf(summary);
  return { stdout: text, [file('json')]: JSON.stringify({ ...summary, k6: data }, null, 1), [file('txt')]: text, [file('html')]: htmlOf(summary) };
}

function summaryOf(data) {
  const count = (name) => (data.metrics[name] ? data.metrics[name].values.count : 0);
  const elapsed = data.state.testRunDurationMs / 1000;
  const dropped = count('dropped_iterations') + count('tally_not_begun');
  let began = 0;
  const stages = plan.stages.map((stage, at) => {
    const seconds = Math.max(0, Math.min(stage.seconds, elapsed - began));
    began += stage.seconds;
    const begunHere = count(`tally_begun{stage:${at}}`);
    // Where nothing was dropped, what was due is what began; the edges of the stages are not sharp.
    const due = dropped > 0 ? Math.max(begunHere, Math.round(((stage.from + stage.to) / 2) * seconds)) : begunHere;
    return {
      rate: (stage.from + stage.to) / 2, seconds, due, begun: begunHere, answered: count(`tally_accepted{stage:${at}}`),
      latency_ms: latencyOf(data.metrics[`tally_add_duration{stage:${at}}`]),
    };
  }).filter((stage) => stage.begun > 0);
  return {
    scenario: plan.name,
    accepted: { count: count('tally_accepted'), sum: String(count('tally_accepted_sum')) },
    begun: count('tally_begun'),
    refused: count('tally_refused'),
    unknown: count('tally_unknown'),
    wrong: count('tally_wrong'),
    not_begun: dropped,
    count_difference: count('tally_count_difference'),
    sum_difference: count('tally_sum_difference'),
    latency_ms: latencyOf(data.metrics.tally_add_duration),
    stages,
    failed_thresholds: Object.entries(data.metrics).flatMap(([name, metric]) =>
      Object.entries(metric.thresholds || {}).filter(([, threshold]) => !threshold.ok).map(([threshold]) => `${name}: ${threshold}`)),
  };
}

function latencyOf(metric) {
  const values = metric ? metric.values : {};
  return { p50: values['p(50)'] || 0, p95: values['p(95)'] || 0, p99: values['p(99)'] || 0, p999: values['p(99.9)'] || 0, max: values.max || 0 };
}

// Milliseconds since the test began, with fractions, which Date doesn't have.
const now = () => exec.instance.currentTestRunDuration;

// The stage that the scenario is in.
function stageNow() {
  let left = (Date.now() - exec.scenario.startTime) / 1000;
  const at = plan.stages.findIndex((stage) => (left -= stage.seconds) < 0);
  return at < 0 ? plan.stages.length - 1 : at;
}

// The total, once it holds what the Calculator has committed by now.
function totalNow() {
  const positions = call(calculators[0], 'tally.v1.Relay/GetPositions', {});
  const committed = positions.shards.map((shard) => shard.committed).filter((position) => position.sequence !== '0');
  const { total, count } = call(totals[0], 'tally.v1.Totals/GetTotal', { at_least: committed });
  return { total, count };
}

// One call outside the load.
function call(address, method, request) {
  client.connect(address, { plaintext: true });
  const reply = client.invoke(method, request, { timeout: `${patience.total}s` });
  client.close();
  if (reply.status !== grpc.StatusOK) {
    throw new Error(`${method} at ${address} failed: ${reply.error.message}`);
  }

  return reply.message;
}

// Whether the Calculator says that surely nothing is stored. A connection that broke says nothing at all.
const storedNothing = (reply) => (((reply.trailers || {})['tally-stored']) || []).includes('no');

// What a call gets that had no connection to go on: surely nothing is stored.
const never = { status: grpc.StatusUnavailable, trailers: { 'tally-stored': ['no'] } };

// Each virtual user has a connection of its own, and keeps it while its Calculator answers.
function connect() {
  if (!connected) {
    try {
      client.connect(calculators[(exec.vu.idInTest + moves) % calculators.length], { plaintext: true, timeout: '5s' });
      connected = true;
    } catch (away) {
      move();
    }
  }

  return connected;
}

// To the next Calculator, since this one doesn't answer.
function move() {
  client.close();
  connected = false;
  moves += 1;
}

function addresses(text, usual) {
  return (text || usual).split(',');
}

function integer() {
  return Math.floor(Math.random() * (2 * largest + 1)) - largest;
}

// A decimal with up to nine digits behind the point, in billionths: exact, also where others left fractions.
function scaled(decimal) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal);
  const value = BigInt(whole + fraction.padEnd(9, '0'));
  return sign ? -value : value;
}
