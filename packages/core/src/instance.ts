import type { RuntimeKind } from './resources.ts';
import type { Millis } from './time.ts';

export type InstanceState = 'booting' | 'ready' | 'draining' | 'stopping' | 'stopped' | 'failed';
/** `returned`: it was lost with its host, which is back, and it still runs there. */
export type InstanceEvent = 'booted' | 'bootFailed' | 'drain' | 'drained' | 'stopped' | 'vanished' | 'returned';

/** The phases of a boot, in order. Each is stamped when it begins; `ready` when the boot is over. */
export const BOOT_PHASES = ['place', 'pull', 'create', 'start', 'setup', 'ready'] as const;
export type BootPhase = (typeof BOOT_PHASES)[number];

/** One running copy of a version on one host, as a cycle of the scheduler sees it. */
export interface Instance {
  readonly id: string;
  readonly deploymentId: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly hostId: string;
  readonly deviceIds: readonly string[];
  /** Memory that it holds of its one GPU; 0: it holds its GPUs whole. */
  readonly gpuShareMiB: number;
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly state: InstanceState;
  /** When it entered `state`. */
  readonly since: Millis;
  /** Predictions it holds now. May be a moment old: nothing is stopped on its word alone. */
  readonly inFlight: number;
  /** Said by the dispatcher, which alone can take work: this instance takes none any more, and holds none. */
  readonly intakeClosed: boolean;
  /** Null: never used; its idle time then counts from `since`. */
  readonly lastUsedAt: Millis | null;
  /** Said by the dispatcher: the server answers but can no longer predict (`DEFUNCT`, a cancel it ignored), and why. */
  readonly unhealthy: string | null;
}

/** Every legal move; a pair missing from this table is illegal. The only place that knows the moves. */
export const INSTANCE_MOVES = {
  booting: { booted: 'ready', bootFailed: 'failed', drain: 'stopping', vanished: 'failed' },
  ready: { drain: 'draining', vanished: 'failed' },
  draining: { drained: 'stopping', vanished: 'failed' },
  stopping: { stopped: 'stopped', vanished: 'stopped' },
  stopped: {},
  failed: { returned: 'ready' },
} as const satisfies Record<InstanceState, Partial<Record<InstanceEvent, InstanceState>>>;

export class IllegalMove extends Error {
  override readonly name = 'IllegalMove';
  readonly from: InstanceState;
  readonly event: InstanceEvent;
  constructor(from: InstanceState, event: InstanceEvent) {
    super(`an instance cannot be ${event} while it is ${from}`);
    this.from = from;
    this.event = event;
  }
}

/** The state after `event`; throws {@link IllegalMove} for a pair that the table lacks. */
export function nextState(from: InstanceState, event: InstanceEvent): InstanceState {
  const moves: Partial<Record<InstanceEvent, InstanceState>> = INSTANCE_MOVES[from];
  const next = moves[event];
  if (next === undefined) throw new IllegalMove(from, event);
  return next;
}

/** Still holds its memory and its GPUs. */
export const holdsResources = (i: Pick<Instance, 'state'>): boolean => i.state !== 'stopped' && i.state !== 'failed';
export const isLeaving = (i: Pick<Instance, 'state'>): boolean => i.state === 'draining' || i.state === 'stopping';
export const isComing = (i: Pick<Instance, 'state'>): boolean => i.state === 'booting' || i.state === 'ready';
export const idleSince = (i: Pick<Instance, 'lastUsedAt' | 'since'>): Millis =>
  Math.max(i.lastUsedAt ?? i.since, i.since);

/** Orders by idle time, the longest first; by id where equal, so that a plan never depends on the order of rows. */
export const longestIdleFirst = (a: Instance, b: Instance): number => idleSince(a) - idleSince(b) || byId(a, b);

/** Orders by code unit: `localeCompare` differs from machine to machine. */
export const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
