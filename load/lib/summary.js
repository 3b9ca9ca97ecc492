// The summary of a run for people: text, and the same as a page that needs nothing else.

const columns = ['asked/s', 'answered/s', 'p50 ms', 'p95 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'not begun'];

export function textOf(summary) {
  const rows = [columns, ...rowsOf(summary)];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  const table = rows.map((row) => row.map((cell, at) => cell.padStart(widths[at])).join('  ')).join('\n');
  return `${table}\n${sentencesOf(summary).join('\n')}\n`;
}

export function htmlOf(summary) {
  const cells = (row, tag) => `<tr>${row.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join('')}</tr>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Tally: ${escape(summary.scenario)}</title>
<style>body { font: 1rem system-ui, sans-serif; max-width: 60rem; margin: 2rem auto } td, th { padding: .2rem .8rem; text-align: right }</style>
<h1>Tally: ${escape(summary.scenario)}</h1>
<table>${cells(columns, 'th')}${rowsOf(summary).map((row) => cells(row, 'td')).join('')}</table>
${sentencesOf(summary).map((sentence) => `<p>${escape(sentence)}</p>`).join('')}
</html>
`;
}

function rowsOf(summary) {
  return summary.stages.map((stage) => [
    stage.rate.toFixed(0),
    (stage.seconds > 0 ? stage.answered / stage.seconds : 0).toFixed(0),
    ...['p50', 'p95', 'p99', 'p999', 'max'].map((name) => stage.latency_ms[name].toFixed(1)),
    String(stage.due - stage.begun),
  ]);
}

function sentencesOf(summary) {
  const whole = summary.count_difference === 0 && summary.sum_difference === 0;
  return [
    `${summary.accepted.count} accepted with the sum ${summary.accepted.sum}, ${summary.refused} refused, ${summary.unknown} without an answer, ${summary.wrong} wrong, ${summary.not_begun} never begun.`,
    whole
      ? 'PROVED: the total grew by exactly what was accepted.'
      : `NOT PROVED: what was accepted less what the total grew by is ${summary.count_difference} results with the sum ${summary.sum_difference}.`,
    ...summary.failed_thresholds.map((threshold) => `Not held: ${threshold}`),
  ];
}

function escape(text) {
  return text.replace(/[&<>"]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]);
}
