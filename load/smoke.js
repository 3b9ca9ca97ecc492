// A few calls, to see that it works.
import { even, number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

export const options = scenario('smoke', 10, [even(number(__ENV.RATE, 50), number(__ENV.DURATION, 10))], {
  tally_refused: ['count==0'],
  dropped_iterations: ['count==0'],
  tally_add_duration: ['p(95)<1000', 'p(99)<1000'],
});
