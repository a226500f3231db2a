import { setTimeout as delay } from 'node:timers/promises';
import { defineModel, field, output, serve } from '@hearth/modelkit';

/** Yields `<n>@<when it was yielded, in epoch milliseconds> ` at a steady rate: who reads it knows how long it took. */
await serve(
  defineModel({
    input: {
      tokens: field.integer({ description: 'How many', min: 1, max: 100_000, default: 100 }),
      tokens_per_second: field.number({ description: 'At what rate', min: 0.1, max: 1_000, default: 10 }),
    },
    output: output.concatenate(),
    concurrency: 4,
    async *predict({ input, signal }) {
      const startMs = performance.now();
      for (let n = 0; n < input.tokens; n++) {
        // Counted from the start, so that the time each token takes adds no drift.
        const dueMs = startMs + ((n + 1) * 1_000) / input.tokens_per_second;
        await delay(Math.max(0, dueMs - performance.now()), undefined, { signal });
        yield `${n}@${(performance.timeOrigin + performance.now()).toFixed(3)} `;
      }
    },
  }),
);
