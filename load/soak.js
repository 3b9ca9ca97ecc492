// Long enough to see what grows: memory, latency, segments. What to look at is on the dashboards *Load test* and *Runtime*.
import { even, number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

const rate = number(__ENV.RATE, 500);
const seconds = number(__ENV.DURATION, 1800);

export const options = scenario('soak', 100, [even(rate, seconds)], {
  tally_refused: ['count==0'],
  dropped_iterations: [`count<=${0.001 * rate * seconds}`],
  tally_add_duration: ['p(95)<250', 'p(99)<250'],
});
