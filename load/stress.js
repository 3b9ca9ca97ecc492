// Steps, each half as much again as the one before. Each user stops once an answer took it more than a second. RATE and DURATION are those of the first step.
// k6 itself may be what gives first: ./tally load stress --builtin finds the server's limit.
import { even, number, scenario } from './lib/tally.js';

export { default, handleSummary, setup, teardown } from './lib/tally.js';

const steps = 10;
const rate = number(__ENV.RATE, 500);
const seconds = number(__ENV.DURATION, 10);

export const options = scenario('stress', 1000, Array.from({ length: steps }, (_, step) => even(rate * 1.5 ** step, seconds)));
