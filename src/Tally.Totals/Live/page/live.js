// The live page of Totals: draws the states that /api/live sends. Each is whole, so that a page that was away needs nothing of before.
"use strict";

const seconds = 120;
const silence = 3000;
const firstSilence = 5000;
const element = id => document.getElementById(id);
const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const show = (id, text) => write(element(id), text);
const number = new Intl.NumberFormat("en");
const rough = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

// ---- the connection

let source = null;
let since = 0;      // when something was heard, or when this connection was tried
let heard = false;  // on this connection
let last = null;
let opened = false;

function connect() {
  source?.close();
  const mine = source = new EventSource("/api/live");
  [since, heard] = [performance.now(), false];
  mine.onopen = () => { opened = true; };
  mine.onmessage = message => { [since, heard] = [performance.now(), true]; draw(JSON.parse(message.data)); };
  // The browser comes back by itself, unless the answer was no stream at all, as while a proxy has nobody behind it.
  mine.onerror = () => {
    lost();
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (mine === source) connect(); }, 2000);
  };
}

function lost() {
  say("connection", "bad", opened ? "reconnecting …" : "connecting …");
  judge("unknown", "What is shown may be old");
  document.body.dataset.stale = "";
}

// A connection to a frozen instance never breaks: the next one may reach another, or the same when it goes on. Before the first state the outbox is given a moment.
setInterval(() => {
  if (performance.now() - since <= (heard ? silence : firstSilence)) return;
  lost();
  connect();
}, 1000);

function say(id, state, text) {
  show(id, text);
  if (element(id).dataset.state !== state) element(id).dataset.state = state;
}

/* What stands for two seconds is read aloud, in these words. */
let spoken = "";
let speaking = 0;
function judge(state, text, aloud = text) {
  say("verdict", state, text);
  if (aloud === spoken) return;
  spoken = aloud;
  clearTimeout(speaking);
  speaking = setTimeout(() => show("spoken", aloud), 2000);
}

// ---- one state

function draw(state) {
  delete document.body.dataset.stale;
  if (state.trouble) say("connection", "bad", state.trouble);
  else say("connection", "good", "live");
  show("instance", state.instance);
  if (element("total").textContent !== state.total) {
    show("total", state.total);
    document.title = `${state.total} – Tally`;
  }

  const rates = ratesBetween(last, state);
  drawVerdict(state);
  show("flow-accepted", state.source ? number.format(state.source.accepted) : "unknown");
  show("flow-outbox", state.source ? number.format(state.source.in_outbox) : "unknown");
  show("flow-kafka", state.source ? number.format(state.source.in_kafka) : "unknown");
  show("flow-counted", number.format(state.source ? state.source.counted : state.count));
  drawTroubles(state);
  drawShards(state);
  arrive(state);
  plot(state, rates);
  last = state;
}

/* Over two seconds: states come unevenly, and the outbox is asked less often. */
const recent = [];
function ratesBetween(before, state) {
  if (before && state.instance !== before.instance) recent.length = 0;
  recent.push({ at: state.at, counted: state.count, accepted: state.source?.accepted });
  while (recent.length > 2 && state.at - recent[1].at > 2000) recent.shift();
  const from = recent[0];
  const span = (state.at - from.at) / 1000;
  const rate = (now, then) => span > 0 && now != null && then != null && now >= then ? (now - then) / span : null;
  const rates = { counted: rate(state.count, from.counted), accepted: rate(state.source?.accepted, from.accepted) };
  show("flow-counted-rate", rates.counted == null ? "" : rough.format(rates.counted));
  show("flow-accepted-rate", rates.accepted == null ? "" : rough.format(rates.accepted));
  show("rate-now", rates.counted == null ? "–" : rough.format(rates.counted));
  return rates;
}

// What waits is what was accepted when the outbox was asked and had not been counted just before: the total itself is newer than that.
// What is counted is compared with the positions that it is counted up to: both belong to one fold, so that they agree at every instant.
function drawVerdict(state) {
  const difference = state.shards.reduce((sum, shard) => sum + Math.abs(shard.counted - shard.results), 0);
  const stuck = state.shards.filter(shard => shard.state !== "ok");
  const counted = number.format(state.source ? state.source.counted : state.count);
  show("audit", compared(state.audit));
  if (difference !== 0 || state.audit?.differences > 0) {
    judge("bad", "The total is wrong");
    const what = difference !== 0 ? `difference ${number.format(difference)}` : `${state.audit.differences} ${state.audit.differences === 1 ? "shard differs" : "shards differ"} from the outbox`;
    show("completeness", `${counted} counted, ${what}: run ./tally verify`);
    return;
  }

  if (stuck.length > 0) {
    judge("bad", `${stuck.length === 1 ? "A shard stands" : `${stuck.length} shards stand`} still`);
  } else if (state.trouble) {
    judge("bad", state.trouble);
  } else if (!state.source) {
    judge("unknown", "Nobody can be asked what was accepted");
  } else if (!state.source.answers) {
    judge("bad", "No Calculator answers: what was accepted since is unknown");
  } else if (!state.audit) {
    judge("unknown", "Not compared with the outbox: nobody knows whether anything is lost");
  } else if (state.audit.shards < state.shards.length) {
    judge("unknown", `${state.audit.shards} of ${state.shards.length} shards compared here: nothing is lost in these`);
  } else {
    // Whether some are on their way changes many times a second under load; that is seen, and not read aloud.
    judge("good", state.source.accepted === state.source.counted ? "Nothing is lost, nothing is waiting" : "Nothing is lost; some are on their way", "Nothing is lost");
  }

  const accepted = state.source ? `${number.format(state.source.accepted)} accepted, ` : "";
  const waiting = state.source && state.source.accepted > state.source.counted ? `, ${number.format(state.source.accepted - state.source.counted)} on their way` : "";
  show("completeness", `${accepted}${counted} counted${waiting}, difference 0`);
}

// The outbox is asked every few seconds what it has at the very position that is held here.
function compared(audit) {
  if (!audit) return "not compared with the outbox now";
  const shards = audit.shards === 1 ? "1 shard" : `${audit.shards} shards`;
  return `${shards} compared with the outbox ${Math.round(audit.seconds)} s ago: ${audit.differences === 0 ? "no difference" : `${audit.differences} ${audit.differences === 1 ? "differs" : "differ"}`}`;
}

function drawTroubles(state) {
  const troubles = state.shards.filter(shard => shard.state !== "ok").map(shard => `shard ${shard.shard}: ${shard.state}${shard.reason ? ` – ${shard.reason}` : ""}`);
  if (state.quarantined == null) troubles.push("how much lies in quarantine is unknown");
  else if (state.quarantined) troubles.push(`${number.format(state.quarantined)} in quarantine: ./tally quarantine list`);
  if (state.set_aside) troubles.push(`${number.format(state.set_aside)} came too early and wait for those before them`);
  if (state.adopted.count) troubles.push(`${number.format(state.adopted.count)} (sum ${state.adopted.sum}) kept of histories that were given up`);
  replace(element("troubles"), troubles.length ? troubles : ["none"], write, "li");
}

function drawShards(state) {
  replace(element("shards"), state.shards, (row, shard) => {
    const texts = [shard.shard, shard.state, shard.owner?.split("/")[0] ?? "–", number.format(shard.committed), number.format(shard.relayed), number.format(shard.counted), number.format(shard.committed - shard.counted)];
    replace(row, texts.map(String), write, "td");
    row.cells[1].dataset.state = shard.state === "ok" ? "" : "bad";
  }, "tr");
}

/* As many children as there are values, each brought up to date: nothing that a reader or a selection is in is thrown away. */
function replace(parent, values, update, tag) {
  while (parent.children.length > values.length) parent.lastElementChild.remove();
  while (parent.children.length < values.length) parent.append(document.createElement(tag));
  values.forEach((value, i) => update(parent.children[i], value));
}

// ---- the charts

const times = [], counted = [], p50 = [], p99 = [];
const charts = [];

function plot(state, rates) {
  show("p50-now", state.delay ? milliseconds(state.delay.p50) : "–");
  show("p99-now", state.delay ? milliseconds(state.delay.p99) : "–");
  times.push(state.at / 1000);
  counted.push(rates.counted);
  p50.push(state.delay?.p50 ?? null);
  p99.push(state.delay?.p99 ?? null);
  while (times.length > 1 && times[0] < state.at / 1000 - seconds) [times, counted, p50, p99].forEach(values => values.shift());
  if (charts.length === 0) makeCharts();
  charts[0].setData([times, counted]);
  charts[1].setData([times, p50, p99]);
}

function milliseconds(value) { return value >= 1000 ? `${rough.format(value / 1000)} s` : `${rough.format(value)} ms`; }

function makeCharts() {
  const probe = document.body.appendChild(document.createElement("span"));
  const resolve = name => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const [good, bad, quiet, line] = ["--good", "--bad", "--quiet", "--line"].map(resolve);
  probe.remove();
  const axis = more => ({ stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, ...more });
  const make = (id, series, format, scale) => {
    const parent = element(id);
    const size = () => ({ width: Math.max(200, parent.clientWidth), height: 180 });
    const chart = new uPlot({
      ...size(), legend: { show: false }, cursor: { show: false },
      scales: { x: { time: true, range: (_, __, max) => [max - seconds, max] }, y: scale },
      axes: [axis({}), axis({ size: 64, values: (_, ticks) => ticks.map(tick => tick == null ? "" : format(tick)) })],
      series: [{}, ...series],
    }, [[]], parent);
    new ResizeObserver(() => chart.setSize(size())).observe(parent);
    charts.push(chart);
  };
  make("rate-chart", [{ stroke: good, width: 2, fill: `color-mix(in srgb, ${good} 20%, transparent)` }], rough.format.bind(rough), { range: (_, __, max) => [0, Math.max(1, max * 1.1)] });
  make("delay-chart", [{ stroke: good, width: 2 }, { stroke: bad, width: 2, dash: [6, 4] }], milliseconds, { range: (_, __, max) => [0, Math.max(1, max * 1.1)] });
}

// Colours are fixed in a chart when it is made.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.splice(0).forEach(chart => chart.destroy());
});

// ---- the form

let sent = null;

element("add-form").addEventListener("submit", async event => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const [a, b] = [form.a.value.trim(), form.b.value.trim()];
  button.disabled = true;
  sent = null;
  say("add-answer", "", "sending …");
  try {
    const answer = await send({ a, b, key: newKey() });
    sent = answer;
    say("add-answer", "", `${a} + ${b} = ${answer.result}, stored in shard ${answer.shard} at ${number.format(answer.sequence)}; on its way to the total`);
    if (last) arrive(last);
  } catch (refused) {
    say("add-answer", "bad", refused.message);
  } finally {
    button.disabled = false;
  }
});

/* With the same key it is stored once, however often it is sent. */
async function send(body) {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch("/api/add", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (response.ok) return answer;
      if (response.status < 500 || attempt === 5) throw new Error(answer.detail ?? `refused (${response.status})`);
    } catch (failure) {
      if (!(failure instanceof TypeError) && !(failure instanceof SyntaxError)) throw failure;
      if (attempt === 5) throw new Error("no answer; whether it was stored is unknown");
    }
    await new Promise(resolve => setTimeout(resolve, 500 * attempt));
  }
}

function newKey() {
  return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}

function arrive(state) {
  const shard = sent && state.shards.find(shard => shard.shard === sent.shard);
  if (!shard || shard.counted < sent.sequence) return;
  say("add-answer", "good", `${sent.result} is in the total`);
  sent = null;
  const total = element("total");
  total.classList.remove("arrived");
  void total.offsetWidth;
  total.classList.add("arrived");
}

connect();
