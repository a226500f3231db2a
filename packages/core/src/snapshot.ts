import type { Demand, ScalePolicy } from './autoscale.ts';
import type { BootBackoff } from './boot-backoff.ts';
import type { TypicalShape } from './fragmentation.ts';
import type { HardwareChoice } from './hardware-choice.ts';
import type { Instance } from './instance.ts';
import type { Measures } from './measures.ts';
import type { Host, Need } from './resources.ts';
import type { Release } from './rollout.ts';
import type { NeedHistory } from './scale-in.ts';
import type { UseHistory } from './use-history.ts';
import type { Lingering } from './vram.ts';

export interface Deployment extends Release {
  readonly id: string;
  /** What one instance of it needs. */
  readonly need: Need;
  readonly fallback?: readonly HardwareChoice[];
  readonly policy: ScalePolicy;
  readonly demand: Demand;
  readonly measures: Measures;
  /** What it needed at earlier cycles; null: nobody kept it, and scale-in is not damped. */
  readonly history: NeedHistory | null;
  /** How it is used; null: nobody kept a record. */
  readonly use: UseHistory | null;
  /** Set from its first failed boot until a boot succeeds. */
  readonly backoff: Pick<BootBackoff, 'retryAt' | 'failure'> | null;
}

/** Everything one cycle may look at. An instance whose deployment is not in it belongs to one that was removed. */
export interface Snapshot {
  readonly hosts: readonly Host[];
  readonly deployments: readonly Deployment[];
  readonly instances: readonly Instance[];
  /** What the fleet is typically asked for; see `typicalShapes`. */
  readonly shapes?: readonly TypicalShape[];
  /** Instances that have stopped while their GPUs are not free yet; see `lingering`. */
  readonly lingering?: readonly Lingering[];
}
