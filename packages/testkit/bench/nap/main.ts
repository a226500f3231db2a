import { setTimeout as delay } from 'node:timers/promises';
import { defineModel, field, output, serve } from '@hearth/modelkit';

/** Takes as long as it is told to, one at a time: its queue is what is measured. */
await serve(
  defineModel({
    input: { ms: field.integer({ description: 'How long', min: 0, max: 60_000, default: 50 }) },
    output: output.string(),
    async predict({ input, signal }) {
      await delay(input.ms, undefined, { signal });
      return 'done';
    },
  }),
);
