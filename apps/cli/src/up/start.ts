import type { UpConfig } from './config.ts';
import type { House } from './house.ts';
import type { Progress } from './progress.ts';

/** What every step of a start is given. */
export interface Start {
  readonly config: UpConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly house: House;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}
