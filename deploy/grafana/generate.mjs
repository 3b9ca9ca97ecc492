// Writes deploy/grafana/dashboards/*.json: node deploy/grafana/generate.mjs
// With --check it writes nothing, and fails when a file isn't what it would write.
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import load from './load.mjs';
import outbox from './outbox.mjs';
import runbook from './runbook.mjs';
import runtime from './runtime.mjs';
import tally from './tally.mjs';
import totals from './totals.mjs';

const folder = fileURLToPath(new URL('./dashboards/', import.meta.url));
const unknown = process.argv.slice(2).filter((argument) => argument !== '--check');
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(' ')}. Usage: node generate.mjs [--check]`);
  process.exit(2);
}

const wanted = new Map([tally, outbox, totals, load, runtime, runbook].map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`]));
mkdirSync(folder, { recursive: true });
const there = readdirSync(folder).filter((name) => name.endsWith('.json'));
const surplus = there.filter((name) => !wanted.has(name));
const changed = [...wanted].filter(([name, text]) => !there.includes(name) || readFileSync(folder + name, 'utf8') !== text);

if (process.argv.includes('--check')) {
  const wrong = [...surplus, ...changed.map(([name]) => name)];
  if (wrong.length > 0) {
    console.error(`Not as generated: ${wrong.join(', ')}. Run node deploy/grafana/generate.mjs.`);
    process.exit(1);
  }
} else {
  surplus.forEach((name) => unlinkSync(folder + name));
  changed.forEach(([name, text]) => writeFileSync(folder + name, text));
  console.log(`${wanted.size} dashboards, ${changed.length} written, ${surplus.length} removed.`);
}
