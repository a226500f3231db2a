import { setTimeout as delay } from 'node:timers/promises';
import { defineModel, field, output } from '@hearth/modelkit';

/** Gives the words of a text back, each with the white space after it, at a steady rate. */
export const model = defineModel({
  input: {
    text: field.string({ description: 'Text to give back' }),
    rate: field.number({ description: 'Words a second', min: 0.1, max: 1000, default: 10 }),
  },
  output: output.concatenate(),
  concurrency: 4,
  async *predict({ input, log, signal, recordMetric }) {
    const words = input.text.match(/\S+\s*/g) ?? [];
    const startMs = performance.now();
    for (const [index, word] of words.entries()) {
      // Counted from the start, so that the time each word takes adds no drift.
      const dueMs = startMs + ((index + 1) * 1000) / input.rate;
      await delay(Math.max(0, dueMs - performance.now()), undefined, { signal });
      yield word;
    }
    recordMetric('words', words.length);
    log(`gave ${words.length} words`);
  },
});
