import { defineModel, output, serve } from '@hearth/modelkit';

const epochMs = (): number => performance.timeOrigin + performance.now();

/** Answers when its setup was over and when a prediction reached it, in epoch milliseconds: `<ready> <reached>`. */
await serve(
  defineModel({
    input: {},
    output: output.string(),
    setup: epochMs,
    predict: ({ state: readyAt }) => `${readyAt} ${epochMs()}`,
  }),
);
