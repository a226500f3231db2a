import { readValue } from './coerce.ts';
import type { Fields, InputOf } from './field.ts';
import type { Output, OutputSpec } from './output.ts';
import type { Trainer } from './trainer.ts';

/** What `setup` receives. */
export interface SetupRun {
  /** Adds a line to the setup logs, which operators see when the setup fails. */
  readonly log: (text: string) => void;
  /** The path of a local copy of the weights that a training made of this version; null where it has none. */
  readonly weights: string | null;
}

/** What `predict` receives. */
export interface PredictRun<Input, State> {
  /** Null where the caller gave none. */
  readonly id: string | null;
  readonly input: Input;
  /** What `setup` returned. */
  readonly state: State;
  /** Adds text to the prediction's logs and to stdout; a line break is added where it lacks one. */
  readonly log: (text: string) => void;
  /**
   * Aborted when the prediction is canceled. Nothing can interrupt JavaScript from outside: a model that neither looks
   * at it nor passes it on runs to its end, or to its next item. The prediction counts as canceled whatever follows.
   */
  readonly signal: AbortSignal;
  /** What the platform sent beside the input, and the prediction's id as `id`. */
  readonly context: Readonly<Record<string, string>>;
  /** A folder for this prediction alone, made on first use and removed after it. */
  readonly tempDir: string;
  /** Adds a number or text to the prediction's `metrics`; shown on success. */
  readonly recordMetric: (name: string, value: unknown) => void;
}

export interface ModelDefinition<F extends Fields, Result, State> {
  readonly input: F;
  readonly output: Output<Result>;
  /** Runs once, before the first prediction. What it returns is `state` in `predict`. */
  readonly setup?: (run: SetupRun) => State | Promise<State>;
  /** Throwing fails the prediction with the error's message; the server goes on. */
  readonly predict: (run: PredictRun<InputOf<F>, State>) => Result | Promise<Result>;
  /** Predictions at a time; default 1. `COG_MAX_CONCURRENCY` overrides it. */
  readonly concurrency?: number;
  /**
   * Asked by `GET /health-check` once it is set up, also while it predicts. False, throwing, or no answer for 5 s:
   * the server is `UNHEALTHY`, and the platform replaces it.
   */
  readonly healthcheck?: (run: { readonly state: State }) => boolean | Promise<boolean>;
  /** Makes it trainable: see `defineTrainer`. */
  readonly train?: Trainer;
}

/** A model, its types folded away: what the server runs. */
export interface Model {
  readonly fields: Fields;
  readonly output: OutputSpec;
  readonly concurrency: number;
  readonly setup: (run: SetupRun) => unknown;
  readonly predict: (run: PredictRun<Record<string, unknown>, unknown>) => unknown;
  /** Null: it has no check of its own. */
  readonly healthcheck: ((run: { readonly state: unknown }) => boolean | Promise<boolean>) | null;
  /** Null: it cannot be trained. */
  readonly trainer: Trainer | null;
}

/** Names that the OpenAPI document uses for its own schemas, which a choice would overwrite. */
const RESERVED_CHOICE_NAMES = [
  'Input',
  'Output',
  'PredictionRequest',
  'PredictionResponse',
  'TrainingInput',
  'TrainingOutput',
  'TrainingRequest',
  'TrainingResponse',
  'Status',
  'WebhookEvent',
  'HTTPValidationError',
  'ValidationError',
];

/** @throws Error naming the input whose default it would itself refuse, or whose name is taken. */
function checkFields(fields: Fields): void {
  for (const [name, { spec }] of Object.entries(fields)) {
    if (spec.kind === 'choice' && RESERVED_CHOICE_NAMES.includes(name)) {
      throw new Error(`input '${name}': a choice cannot have this name, the OpenAPI document uses it`);
    }
    if (spec.default === undefined) continue;
    const read = readValue(spec, spec.default, []);
    if ('issues' in read) {
      const why = read.issues.map((issue) => issue.msg).join('; ');
      throw new Error(`input '${name}': default ${JSON.stringify(spec.default)}: ${why}`);
    }
  }
}

/**
 * A model from its inputs, its output and two functions.
 *
 *     const shout = defineModel({
 *       input: { text: field.string() },
 *       output: output.string(),
 *       predict: ({ input }) => input.text.toUpperCase(),
 *     });
 *
 * @throws Error when a default breaks its own field's rules, or concurrency is not a whole number from 1.
 */
export function defineModel<const F extends Fields, Result, State = undefined>(
  definition: ModelDefinition<F, Result, State>,
): Model {
  const { concurrency = 1 } = definition;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new Error(`concurrency is ${concurrency}; it must be a whole number from 1`);
  }
  checkFields(definition.input);
  const { healthcheck } = definition;
  if (definition.train) checkFields(definition.train.fields);
  return {
    fields: definition.input,
    output: definition.output.spec,
    concurrency,
    setup: (run) => definition.setup?.(run),
    // The server has read the input by these very fields, and hands back what setup returned.
    predict: (run) => definition.predict(run as PredictRun<InputOf<F>, State>),
    healthcheck: healthcheck ? ({ state }) => healthcheck({ state: state as State }) : null,
    trainer: definition.train ?? null,
  };
}
