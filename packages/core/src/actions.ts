import type { Instance } from './instance.ts';
import type { Need, Placement } from './resources.ts';
import type { Refusal } from './why-not.ts';

export type BootReason = 'demand' | 'min-instances' | 'rollout' | 'expected';
export type DrainReason =
  | 'removed'
  | 'unhealthy'
  | 'stale'
  | 'host-drained'
  | 'over-max'
  | 'idle'
  | 'evicted'
  | 'asked';
export type BlockedReason = Refusal['reason'] | 'backoff' | 'crash-loop' | 'max-instances';

/** What to do, each with a word for machines and a sentence for people. */
export type Action =
  | Boot
  | Drain
  | {
      readonly kind: 'stop';
      readonly instanceId: string;
      readonly reason: 'drained' | 'asked';
      readonly detail: string;
    };

export interface Boot {
  readonly kind: 'boot';
  readonly deploymentId: string;
  /** The SKU it gets: the deployment's, or a fallback of it. */
  readonly hardwareSku: string;
  readonly need: Need;
  readonly placement: Placement;
  readonly reason: BootReason;
  readonly detail: string;
}

/** Of a ready instance: close its intake. Of a booting one: end the boot; the move table takes it to `stopping`. */
export interface Drain {
  readonly kind: 'drain';
  readonly instanceId: string;
  readonly reason: DrainReason;
  readonly detail: string;
}

/** Why a deployment does not get the instances that it lacks; at most one a deployment. */
export interface Blocked {
  readonly deploymentId: string;
  readonly reason: BlockedReason;
  readonly detail: string;
}

export const drain = (i: Instance, reason: DrainReason, detail: string): Drain => ({
  kind: 'drain',
  instanceId: i.id,
  reason,
  detail,
});

export const stop = (i: Instance): Action => ({
  kind: 'stop',
  instanceId: i.id,
  reason: 'drained',
  detail: 'It takes no prediction any more and holds none.',
});
