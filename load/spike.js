// Ten times the rate, all of a sudden, and back.
import { even, number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

const rate = number(__ENV.RATE, 200);
const seconds = number(__ENV.DURATION, 60);

export const options = scenario(
  'spike',
  500,
  [
    even(rate, 0.3 * seconds),
    { from: rate, to: 10 * rate, seconds: 0.05 * seconds },
    even(10 * rate, 0.3 * seconds),
    { from: 10 * rate, to: rate, seconds: 0.05 * seconds },
    even(rate, 0.3 * seconds),
  ],
  { tally_refused: [`count<=${0.04 * rate * seconds}`], dropped_iterations: [`count<=${0.04 * rate * seconds}`], tally_add_duration: ['p(95)<1000', 'p(99)<2000'] },
);
