import type { BootPhase } from './instance.ts';
import type { Millis } from './time.ts';

/** Why an instance did not come up, or went down by itself. Operators and waiting callers read these words. */
export type FailureKind =
  | 'image_missing'
  | 'no_space'
  | 'oom'
  | 'setup_error'
  | 'crash'
  | 'crash_loop'
  | 'timeout'
  | 'gpu_lost'
  /** The platform lost it: the host, the engine or the container went away for no reason of the model's. */
  | 'lost';

/** A failure as it is stored and shown: what, in which phase, in words, and the end of the log. */
export interface Failure {
  readonly kind: FailureKind;
  /** The boot phase it happened in; null after the boot. */
  readonly phase: BootPhase | null;
  readonly message: string;
  /** The last lines that the instance printed; may be empty. */
  readonly logTail: string;
  readonly exitCode: number | null;
  readonly at: Millis;
}
