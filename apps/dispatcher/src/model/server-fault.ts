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

const UPLOAD_CUT_OFF =
  /(?:Max retries exceeded with url: |5\d\d Server Error: .* for url: \S*|could not upload output file .* to \S*)\/uploads\/([^/]+)\//;

/**
 * Whether a run failed because the platform took none of the tries at handing over an output file, as one that was killed
 * does. Requests' and urllib3's words, in which A and B say so, and modelkit's. A refusal (4xx) stays the run's own end.
 */
export const isUploadCutOff = (error: string, instanceId: string): boolean =>
  UPLOAD_CUT_OFF.exec(error)?.[1] === instanceId;

/** Null: it is the model's own error, as far as can be told. */
export const serverFaultIn = (error: string): ServerFault | null =>
  WORDS.find(([words]) => words.test(error))?.[1] ?? null;
