// A usual day: rises to the rate, stays, falls.
import { even, number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

const rate = number(__ENV.RATE, 500);
const seconds = number(__ENV.DURATION, 60);

export const options = scenario(
  'load',
  100,
  [{ from: 0, to: rate, seconds: 0.1 * seconds }, even(rate, 0.8 * seconds), { from: rate, to: 0, seconds: 0.1 * seconds }],
  { tally_refused: ['count==0'], dropped_iterations: [`count<=${0.001 * rate * seconds}`], tally_add_duration: ['p(95)<250', 'p(99)<250'] },
);
