import { z } from 'zod';
import { lineSchema } from './page.ts';
import { predictionBodySchema, predictionSchema } from './prediction.ts';

/**
 * A training as Replicate sends it: a prediction (`urls.get` and `urls.cancel` lead to `/predictions/{id}`) whose output,
 * once it has succeeded, is `{ version: "owner/name:<64 hex>", weights: "<url>" }` and whatever else the trainer returned.
 */
export const trainingSchema = predictionSchema.extend({
  /** Ours: the model, as `owner/name`, that the new version belongs to. */
  destination: z.string(),
});
export type WireTraining = z.infer<typeof trainingSchema>;

/** The body of `POST /models/{owner}/{name}/versions/{id}/trainings`; other fields are refused. */
export const trainingBodySchema = predictionBodySchema.extend({
  /** `owner/name` of a model that the caller may change. */
  destination: lineSchema(300),
});
export type TrainingBody = z.input<typeof trainingBodySchema>;
