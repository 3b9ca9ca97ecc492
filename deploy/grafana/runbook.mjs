// The runbook, docs/operations.md, as a dashboard: one panel a section, so that a link in a panel's description opens the very section, wherever Grafana runs.
import { readFileSync } from 'node:fs';

import { id, links } from './lib.mjs';

export const uid = 'tally-runbook';

const chapters = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8').split(/^(?=## )/m).slice(1);

/** The name that a heading has in links, as on GitHub. */
const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-');

const panels = chapters.map((text, index) => {
  const end = text.indexOf('\n');
  return {
    description: '',
    gridPos: { h: 16, w: 12, x: 12 * (index % 2), y: 16 * Math.floor(index / 2) },
    id: id(anchor(text.slice(3, end))),
    // Links to other documents lead nowhere here: their words stay.
    options: { content: text.slice(end).trim().replace(/\[([^\]]+)\]\((?!https?:)[^)]*\)/g, '$1'), mode: 'markdown' },
    title: text.slice(3, end),
    type: 'text',
  };
});

const places = new Map(
  chapters.flatMap((text, index) => [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => [anchor(heading), panels[index].id])));

/** Makes links of all that a text says of the runbook. */
export const linked = (text) =>
  text.replace(/docs\/operations\.md#([a-z0-9_-]+)/g, (words, name) => {
    if (!places.has(name)) {
      throw new Error(`docs/operations.md has no section "${name}".`);
    }

    return `[${words}](/d/${uid}?viewPanel=${places.get(name)})`;
  });

export default {
  annotations: { list: [] },
  description: 'docs/operations.md of the repository, as it was when the dashboards were made: what each alert means, and what to do.',
  editable: true,
  graphTooltip: 0,
  links,
  panels,
  schemaVersion: 39,
  tags: ['tally'],
  templating: { list: [] },
  time: { from: 'now-30m', to: 'now' },
  timezone: 'browser',
  title: 'Tally: Runbook',
  uid,
  version: 1,
};
