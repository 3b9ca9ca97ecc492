// Rises evenly to the rate. Each user stops once an answer took it more than a second. k6 itself may be what breaks first: ./tally load breakpoint --builtin
// finds the server's limit.
import { number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

// One slope, told apart so that its latencies can be shown along the way.
const stages = 30;
const rate = number(__ENV.RATE, 50000);
const seconds = number(__ENV.DURATION, 300);

export const options = scenario(
  'breakpoint',
  1000,
  Array.from({ length: stages }, (_, at) => ({ from: (rate * at) / stages, to: (rate * (at + 1)) / stages, seconds: seconds / stages })),
);
