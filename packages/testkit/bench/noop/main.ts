import { defineModel, output, serve } from '@hearth/modelkit';

/** Does nothing, 128 at once: what is left is the platform. */
await serve(defineModel({ input: {}, output: output.string(), concurrency: 128, predict: async () => 'done' }));
