/** What the error of a failed prediction says about the server that ran it. */
export type ServerFault =
  /** Its worker process died under the prediction: nothing will run there again. */
  | 'workerDied'
  /** Its worker was dead before: the prediction never ran. */
  | 'hadNoWorker';

/**
 * Cog's words for a worker that is gone. They count because its health says so late, or not at all: 0.7 and 0.8 stay
 * `READY` and take predictions until they have ended themselves. Sources: python/cog/server/worker.py (0.7–0.16),
 * crates/coglet/src/orchestrator.rs and service.rs (0.17 and later).
 */
const WORDS: readonly (readonly [RegExp, ServerFault])[] = [
  [/^Prediction failed for an unknown reason\. It might have run out of memory\? \(exitcode /, 'workerDied'],
  [/^Worker crashed$/, 'workerDied'],
  [/^Invalid operation: state is WorkerState\.\w+ \(must be /, 'hadNoWorker'],
  [/^Failed to send request: /, 'hadNoWorker'],
];

/** Null: it is the model's own error, as far as can be told. */
export const serverFaultIn = (error: string): ServerFault | null =>
  WORDS.find(([words]) => words.test(error))?.[1] ?? null;
