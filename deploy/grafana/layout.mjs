// Puts panels into dashboards, row by row, so that they can't overlap; with what all dashboards share: variables, annotations, links.
import { datasource, id, links, own } from './lib.mjs';
import { linked } from './runbook.mjs';

/** A heading over what follows. */
export const section = (title) => ({ height: 1, panels: [{ width: 24, body: { collapsed: false, id: id(title), panels: [], title, type: 'row' } }] });

/** Panels side by side, from left to right. */
export const row = (height, ...panels) => ({ height, panels });

const place = (rows) => {
  const placed = [];
  let y = 0;
  for (const { height, panels } of rows) {
    let x = 0;
    for (const { width, body } of panels) {
      placed.push({ ...body, ...(body.description ? { description: linked(body.description) } : {}), gridPos: { h: height, w: width, x, y } });
      x += width;
    }

    if (x !== 24) {
      throw new Error(`"${panels[0].body.title}" begins a row of ${x} columns; it must be 24.`);
    }

    y += height;
  }

  return placed;
};

const labelValues = (name, label, definition) => ({
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
  datasource,
  definition,
  hide: 0,
  includeAll: true,
  label,
  multi: true,
  name,
  options: [],
  query: { qryType: 1, query: definition, refId: `variable-${name}` },
  refresh: 2,
  regex: '',
  sort: 3,
  type: 'query',
});

const variables = {
  datasource: {
    current: { selected: true, text: 'Tally', value: 'tally-prometheus' },
    hide: 0,
    includeAll: false,
    label: 'Prometheus',
    multi: false,
    name: 'datasource',
    options: [],
    query: 'prometheus',
    refresh: 1,
    regex: '',
    type: 'datasource',
  },
  instance: labelValues('instance', 'Instance', 'label_values(up{job="tally"}, instance)'),
  // Also of shards that nobody owns.
  shard: labelValues('shard', 'Shard', 'label_values(tally_outbox_backlog{job="tally"}, tally_shard)'),
  // Of load tests: the tag that k6 puts on its series with --tag testid=….
  test: labelValues('test', 'Test', 'label_values(k6_vus, testid)'),
};

// Grafana asks for one point a minute, so windows are a minute here. The query stands twice: Grafana before 12 reads the first, later ones the target.
const annotation = (name, iconColor, title, textFormat, tags, expr) => ({
  datasource,
  enable: true,
  expr,
  hide: false,
  iconColor,
  name,
  step: '60s',
  tagKeys: tags,
  target: { datasource, expr, instant: false, interval: '60s', legendFormat: '', range: true, refId: 'Anno' },
  textFormat,
  titleFormat: title,
});

const annotations = [
  annotation('Alerts', 'red', '{{alertname}}', '{{alertname}} {{instance}} {{tally_shard}}', 'severity', 'ALERTS{alertstate="firing", alertname=~"Tally.+"}'),
  // Also one that came back under an address that is new, and one that began again more than once within the minute.
  annotation(
    'Restarts', 'blue', 'Start of {{instance}}', '{{instance}} started', 'job',
    `resets(process_uptime_seconds{${own}}[1m]) > 0 or process_uptime_seconds{${own}} < 60`),
  // A process that begins has claimed before it is scraped: what its counter says then was claimed just now.
  annotation(
    'Takeovers', 'purple', 'Shard {{tally_shard}} to {{instance}}', '{{instance}} claimed shard {{tally_shard}}', 'tally_shard',
    'sum by (instance, tally_shard) (increase(tally_outbox_claims_total{job="tally"}[1m])) > 0'
      + ' or sum by (instance, tally_shard) (tally_outbox_claims_total{job="tally"} > 0 unless tally_outbox_claims_total{job="tally"} offset 1m)'),
];

export const dashboard = ({ uid, title, description, shards = false, tests = false, rows }) => {
  const panels = place(rows);
  const ids = new Map();
  for (const { id: number, title: name } of panels) {
    if (ids.has(number)) {
      throw new Error(`"${name}" and "${ids.get(number)}" of ${title} have the same id: give one of them another title.`);
    }

    ids.set(number, name);
  }

  return {
    annotations: { list: annotations },
    description: `${description} What to do about it: docs/operations.md of Tally's repository; what the metrics mean: docs/telemetry.md.`,
    editable: true,
    graphTooltip: 1,
    links,
    panels,
    refresh: '5s',
    schemaVersion: 39,
    tags: ['tally'],
    templating: { list: [variables.datasource, variables.instance, ...(shards ? [variables.shard] : []), ...(tests ? [variables.test] : [])] },
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    title,
    uid,
    version: 1,
  };
};
