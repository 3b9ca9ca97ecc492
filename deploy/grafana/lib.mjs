// What the dashboards are made of: queries and panels. layout.mjs puts them together.
// An option that a panel doesn't need is left out, so that the JSON can be read; Grafana fills in its defaults.

export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** From each dashboard to the others. */
export const links = [
  { asDropdown: false, icon: 'external link', includeVars: true, keepTime: true, tags: ['tally'], targetBlank: false, title: '', tooltip: '', type: 'dashboards', url: '' },
];

// ---- queries ----

/** Selects what the chosen instances say of themselves. The job's name is that of deploy/prometheus/prometheus.yml, which the alerts rely on, too. */
export const own = 'job="tally", instance=~"$instance"';
/** The same, of the chosen shards. */
export const ownShards = `${own}, tally_shard=~"$shard"`;
/** For recorded series, which belong to no instance. */
export const recorded = 'job="tally"';
export const recordedShards = `${recorded}, tally_shard=~"$shard"`;

/**
 * How many shards differ, of the whole system, whatever instances are chosen: a difference counts in any case, and none only where every shard that the
 * outbox has is compared.
 */
const differences = `max(tally_inbox_audit_differences{${recorded}})`;
export const completeness =
  `${differences} > 0 or ${differences} and sum(tally_inbox_audit_shards{${recorded}}) >= count(count by (tally_shard) (tally_outbox_backlog{${recorded}}))`;

const by = (...labels) => (labels.length > 0 ? ` by (${labels.join(', ')})` : '');

/** How fast a counter rises; what each instance counts of its own is added. */
export const sumRate = (counter, selector, ...labels) => `sum${by(...labels)} (rate(${counter}{${selector}}[$__rate_interval]))`;

/** By how much a counter rose within the interval that a point stands for. */
export const sumIncrease = (counter, selector, ...labels) => `sum${by(...labels)} (increase(${counter}{${selector}}[$__rate_interval]))`;

/** A quantile, made of all instances' buckets; absent, not NaN, while nothing is measured. */
export const quantile = (q, histogram, selector, ...labels) =>
  `histogram_quantile(${q}, sum${by('le', ...labels)} (rate(${histogram}_bucket{${selector}}[$__rate_interval]))) >= 0`;

/** A mean, as the quotient of sums: never a mean of means. */
export const mean = (histogram, selector) => `${sumRate(`${histogram}_sum`, selector)} / (${sumRate(`${histogram}_count`, selector)} > 0)`;

export const p50AndP99 = (histogram, selector) => [
  query(quantile(0.5, histogram, selector), 'p50'),
  // Only our own histograms bring traces along.
  { ...query(quantile(0.99, histogram, selector), 'p99'), exemplar: histogram.startsWith('tally_') },
];

export const query = (expr, legend = '') => ({ expr, legend });

const targets = (queries, kind) =>
  queries.map(({ expr, legend, exemplar }, index) => ({
    datasource,
    editorMode: 'code',
    ...(exemplar && kind === 'range' ? { exemplar } : {}),
    expr,
    ...(kind === 'table' || kind === 'heatmap' ? { format: kind } : {}),
    instant: kind === 'instant' || kind === 'table',
    legendFormat: kind === 'heatmap' ? '{{le}}' : legend,
    range: kind === 'range' || kind === 'heatmap',
    refId: String.fromCharCode(65 + index),
  }));

// ---- what values look like ----

/** Colours from bounds on: steps(['green', 0], ['red', 1]). Below the first bound, and for what isn't known, stands the base. */
const steps = (bounds, base) => ({
  mode: 'absolute',
  steps: [{ color: base, value: null }, ...bounds.map(([color, value]) => ({ color, value }))],
});

export const text = (value, words, color) => ({ type: 'value', options: { [value]: { color, index: 0, text: words } } });

/** +Inf, as rules give it when something waits and nothing moves. */
export const never = { type: 'range', options: { from: 1e12, to: null, result: { color: 'red', index: 1, text: 'never: nothing moves' } } };

/** Of one series of a panel: how it differs from the others. */
export const only = (name, properties) => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

/** A line that others are measured against. */
export const limit = (name) => only(name, { 'color': { fixedColor: 'red', mode: 'fixed' }, 'custom.fillOpacity': 0, 'custom.lineStyle': { dash: [8, 8], fill: 'dash' } });

const unknown = 'Unknown: nothing is scraped for this selection.';

// ---- panels ----

// A panel's id is made of its title, so that links to it and diffs survive a panel that is put before it.
export const id = (title) => [...title].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0, 2166136261) % 1000000;

const panel = (type, { title, width, description, links = [] }, rest) => ({
  width,
  body: {
    datasource,
    description,
    ...rest,
    id: id(title),
    ...(links.length > 0 ? { links: links.map(detail) } : {}),
    title,
    type,
  },
});

const detail = ([uid, title]) => ({
  targetBlank: false,
  title,
  url: `/d/${uid}?\${datasource:queryparam}&\${instance:queryparam}&\${__url_time_range}`,
});

/**
 * Numbers as they are now: an instant query, since a range query would still show the last value of a series that broke off.
 * Colour says what is known: orange is "nobody knows".
 */
export const stat = (options) =>
  panel('stat', options, {
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        ...(options.decimals === undefined ? {} : { decimals: options.decimals }),
        mappings: options.mappings ?? [],
        noValue: options.noValue ?? 'unknown',
        thresholds: steps(options.bounds ?? [['blue', 0]], 'orange'),
        unit: options.unit,
      },
      overrides: options.overrides ?? [],
    },
    options: {
      colorMode: options.loud ? 'background' : 'value',
      graphMode: 'none',
      justifyMode: 'center',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: options.queries.length > 1 ? 'value_and_name' : 'value',
      wideLayout: true,
    },
    targets: targets(options.queries, 'instant'),
  });

export const graph = (options) =>
  panel('timeseries', options, {
    fieldConfig: {
      defaults: {
        color: { mode: 'palette-classic' },
        custom: {
          drawStyle: options.bars ? 'bars' : 'line',
          fillOpacity: options.bars ? 60 : 8,
          lineWidth: 1,
          showPoints: 'auto',
          spanNulls: false,
          ...(options.logarithmic ? { scaleDistribution: { log: 10, type: 'log' } } : {}),
          ...(options.stacked ? { stacking: { group: 'A', mode: 'normal' } } : {}),
          thresholdsStyle: { mode: options.bounds ? 'dashed' : 'off' },
        },
        mappings: [],
        ...(options.logarithmic || options.signed ? {} : { min: 0 }),
        noValue: options.noValue ?? unknown,
        thresholds: steps(options.bounds ?? [], 'green'),
        unit: options.unit,
      },
      overrides: options.overrides ?? [],
    },
    options: {
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: targets(options.queries, 'range'),
  });

export const heatmap = (options) =>
  panel('heatmap', options, {
    fieldConfig: {
      defaults: { custom: { scaleDistribution: { type: 'linear' } }, noValue: options.noValue, unit: options.cellUnit },
      overrides: [],
    },
    options: {
      calculate: false,
      cellGap: 1,
      cellValues: { unit: options.cellUnit },
      color: { exponent: 0.5, fill: 'dark-orange', mode: 'scheme', reverse: false, scale: 'exponential', scheme: 'Viridis', steps: 64 },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { mode: 'single', showColorScale: true, yHistogram: true },
      yAxis: { axisPlacement: 'left', reverse: false, unit: options.unit },
    },
    targets: targets(options.queries, 'heatmap'),
  });

/** What a set of series' labels say, one line a series. Columns are the labels to show, in this order, with their headings. */
export const table = (options) =>
  panel('table', options, {
    fieldConfig: {
      defaults: { custom: { align: 'left', filterable: false }, mappings: [], noValue: options.noValue, thresholds: steps([], 'text'), unit: 'string' },
      overrides: options.overrides ?? [],
    },
    options: { cellHeight: 'sm', showHeader: true },
    targets: targets(options.queries, 'table'),
    transformations: [
      { id: 'filterFieldsByName', options: { include: { names: Object.keys(options.columns) } } },
      {
        id: 'organize',
        options: {
          indexByName: Object.fromEntries(Object.keys(options.columns).map((name, index) => [name, index])),
          renameByName: options.columns,
        },
      },
    ],
  });

export const timeline = (options) =>
  panel('state-timeline', options, {
    fieldConfig: {
      defaults: {
        color: { mode: 'thresholds' },
        custom: { fillOpacity: 70, lineWidth: 0, spanNulls: false },
        mappings: options.mappings,
        noValue: options.noValue,
        thresholds: steps(options.bounds, 'orange'),
        unit: options.unit,
      },
      overrides: [],
    },
    options: {
      alignValue: 'center',
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: 'auto',
      tooltip: { mode: 'single', sort: 'none' },
    },
    targets: targets(options.queries, 'range'),
  });
