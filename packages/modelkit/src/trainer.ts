import type { Fields, InputOf } from './field.ts';
import type { Model, PredictRun } from './model.ts';
import type { Output, OutputSpec } from './output.ts';

/** What `train` receives. */
export type TrainRun<Input> = Omit<PredictRun<Input, unknown>, 'state'> & {
  /** The path of a local copy of the weights to go on from; null where the version has none. */
  readonly weights: string | null;
};

export interface TrainerDefinition<F extends Fields, Result extends { readonly weights: string }> {
  readonly input: F;
  /** An object with a file called `weights`, which the `setup` of the version that comes of it is given. */
  readonly output: Output<Result>;
  /** Runs in train mode, one at a time, without `setup`. Throwing fails the training with the error's message. */
  readonly train: (run: TrainRun<InputOf<F>>) => Result | Promise<Result>;
}

/** A trainer, its types folded away. */
export interface Trainer {
  readonly fields: Fields;
  readonly output: OutputSpec;
  readonly train: (run: TrainRun<Record<string, unknown>>) => unknown;
}

/**
 * What a model is trained by, for `defineModel({ …, train: defineTrainer({ … }) })`.
 *
 *     const trainer = defineTrainer({
 *       input: { corpus: field.file(), steps: field.integer({ default: 100 }) },
 *       output: output.object({ weights: output.file() }),
 *       train: async ({ input, tempDir }) => ({ weights: await fit(input.corpus, input.steps, tempDir) }),
 *     });
 */
export const defineTrainer = <const F extends Fields, Result extends { readonly weights: string }>(
  definition: TrainerDefinition<F, Result>,
): Trainer => ({
  fields: definition.input,
  output: definition.output.spec,
  // The server has read the input by these very fields.
  train: (run) => definition.train(run as TrainRun<InputOf<F>>),
});

/**
 * What a server in train mode runs in place of the model itself.
 * @throws Error where the model has no trainer
 */
export function inTrainMode({ trainer }: Model): Model {
  if (trainer === null) throw new Error("--x-mode is 'train'; this model has no trainer");
  return {
    fields: trainer.fields,
    output: trainer.output,
    concurrency: 1,
    healthcheck: null,
    trainer,
    setup: ({ weights }) => weights,
    predict: (run) => trainer.train(Object.assign(run, { weights: run.state as string | null })),
  };
}
