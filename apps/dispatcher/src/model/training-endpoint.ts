import { z } from 'zod';

const Index = z.object({ trainings_url: z.string() });

/**
 * Where a server in train mode takes its trainings, by the index that it answers to `GET /`.
 *
 * | Cog | index | `/trainings` | `/predictions` |
 * |---|---|---|---|
 * | 0.7–0.8 | says nothing | not there | runs the training |
 * | 0.9–0.11.4 | says nothing | answers 500 and runs nothing (a coroutine that nobody awaits) | runs the training |
 * | 0.11.5–0.12.0 | says nothing | runs it | runs it |
 * | 0.12.1 and later, coglet | `trainings_url` | runs it | from 0.13 on takes the inputs of predictions |
 *
 * All of them take a cancel at `/predictions/{id}/cancel`, whichever it was sent to.
 */
export const trainingEndpoint = (index: unknown): '/trainings' | '/predictions' =>
  Index.safeParse(index).success ? '/trainings' : '/predictions';
