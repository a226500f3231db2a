import { oneOf, type Random, seeded } from '@hearth/sim';
import { type Breakpoint, SILENT_MS } from './incarnation.ts';

export type Room = 'scheduler' | 'dispatcher';

/** What a model does with an input. */
export interface Behavior {
  /**
   * `ends`: it succeeds. `fails`: its own error. `crashes`: its server dies under it. `hangs`: until it is stopped.
   * `ignores`: it hangs, and a cancel too. `waits`: its server knows no asynchronous mode and answers at the end.
   */
  readonly kind: 'ends' | 'fails' | 'crashes' | 'hangs' | 'ignores' | 'waits';
  readonly runMs: number;
  /** Reports before the end. */
  readonly reports: number;
}

/** One prediction, by the instants of its client, in milliseconds from the beginning. */
export interface PlannedPrediction {
  readonly at: number;
  readonly deployment: number;
  readonly account: number;
  readonly behavior: Behavior;
  /** How often its webhook refuses before it takes a message; null: there is none. */
  readonly webhookRefusals: number | null;
  readonly cancelAt: number | null;
  readonly deadlineAt: number | null;
  /** The api dies between the row and the ticket. */
  readonly isOrphaned: boolean;
}

export interface PlannedDeployment {
  readonly slots: number;
  readonly setupMs: number;
  readonly setup: 'ok' | 'fail' | 'exit';
  readonly keepAliveMs: number;
  readonly maxInstances: number;
  /** It needs a GPU, which the far host has. */
  readonly isOnGpu: boolean;
}

export type Fault =
  | { readonly kind: 'die' | 'restart'; readonly at: number; readonly room: Room; readonly backAfterMs: number }
  /** It stands still, and another leads from `takenOverAfterMs` on; Infinity: it is back before anybody misses it. */
  | {
      readonly kind: 'pause';
      readonly at: number;
      readonly room: Room;
      readonly ms: number;
      readonly takenOverAfterMs: number;
      /** From its awakening until it hears that it does not lead any more. */
      readonly lingersMs: number;
    }
  | { readonly kind: 'wipeQueue'; readonly at: number; readonly toldAfterMs: number }
  | { readonly kind: 'loseLocks'; readonly at: number }
  | { readonly kind: 'endContainer'; readonly at: number; readonly how: 'crash' | 'oom' | 'vanish' }
  | { readonly kind: 'hangContainer'; readonly at: number; readonly ms: number }
  | { readonly kind: 'loseHost'; readonly at: number; readonly how: 'hangs' | 'refuses'; readonly ms: number }
  | { readonly kind: 'cutReports'; readonly at: number; readonly ms: number };

export interface Scenario {
  readonly seed: number;
  readonly farHost: boolean;
  readonly deployments: readonly PlannedDeployment[];
  readonly predictions: readonly PlannedPrediction[];
  /** Of the second account; null: none. */
  readonly maxInFlight: number | null;
  /** Of the second account, for the day that this is; null: none. */
  readonly budgetMicros: number | null;
  readonly faults: readonly Fault[];
  /** By incarnation of a room, the first one first. */
  readonly breakpoints: Readonly<Record<Room, readonly (readonly Breakpoint[])[]>>;
  /** Of a port's way there and back. */
  readonly latency: 'none' | 'usual' | 'slow';
  /** Of pokes. */
  readonly lost: number;
}

const LOAD_MS = 40_000;
const between = (random: Random, from: number, to: number): number => Math.round(from + (to - from) * random());
const chance = (random: Random, share: number): boolean => random() < share;
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));

/** What happens in the run of a seed. Pure. */
export function scenarioOf(seed: number): Scenario {
  const random = seeded(seed);
  const farHost = chance(random, 0.5);
  const deployments = many(between(random, 1, 3), () => deploymentBy(random, farHost));
  return {
    seed,
    farHost,
    deployments,
    predictions: many(between(random, 2, 10), () => predictionBy(random, deployments.length)),
    maxInFlight: chance(random, 0.3) ? between(random, 1, 2) : null,
    faults: many(between(random, 0, 5), () => faultBy(random)).toSorted((a, b) => a.at - b.at),
    breakpoints: { scheduler: breakpointsBy(random), dispatcher: breakpointsBy(random) },
    latency: oneOf(random, [
      [1, 'none'],
      [6, 'usual'],
      [2, 'slow'],
    ]),
    lost: chance(random, 0.3) ? 0.3 : 0,
    budgetMicros: chance(random, 0.3) ? between(random, 10_000, 60_000) : null,
  };
}

const deploymentBy = (random: Random, farHost: boolean): PlannedDeployment => ({
  slots: oneOf(random, [
    [3, 1],
    [1, 2],
  ]),
  setupMs: between(random, 20, 3_000),
  setup: oneOf(random, [
    [30, 'ok'],
    [1, 'fail'],
    [1, 'exit'],
  ]),
  keepAliveMs: between(random, 500, 20_000),
  maxInstances: between(random, 1, 3),
  isOnGpu: farHost && chance(random, 0.5),
});

const predictionBy = (random: Random, deployments: number): PlannedPrediction => {
  const at = between(random, 0, LOAD_MS);
  return {
    at,
    deployment: between(random, 0, deployments - 1),
    account: between(random, 0, 1),
    behavior: {
      kind: oneOf(random, [
        [30, 'ends'],
        [4, 'fails'],
        [2, 'crashes'],
        [2, 'hangs'],
        [1, 'ignores'],
        [4, 'waits'],
      ]),
      runMs: oneOf(random, [
        [3, between(random, 1, 300)],
        [3, between(random, 300, 15_000)],
      ]),
      reports: chance(random, 0.3) ? between(random, 1, 4) : 0,
    },
    webhookRefusals: chance(random, 0.4) ? between(random, 0, 2) : null,
    cancelAt: chance(random, 0.2) ? at + between(random, 0, 12_000) : null,
    deadlineAt: chance(random, 0.15) ? at + between(random, 5, 15_000) : null,
    isOrphaned: chance(random, 0.05),
  };
};

const room = (random: Random): Room => (chance(random, 0.5) ? 'scheduler' : 'dispatcher');

function faultBy(random: Random): Fault {
  const at = between(random, 0, LOAD_MS);
  const ms = between(random, 200, 25_000);
  return oneOf<() => Fault>(random, [
    [3, () => ({ kind: 'die', at, room: room(random), backAfterMs: between(random, 50, 8_000) })],
    [2, () => ({ kind: 'restart', at, room: room(random), backAfterMs: between(random, 50, 3_000) })],
    [2, () => pauseBy(random, at, ms)],
    [2, () => ({ kind: 'wipeQueue', at, toldAfterMs: between(random, 0, 2_000) })],
    [2, () => ({ kind: 'loseLocks', at })],
    [3, () => ({ kind: 'endContainer', at, how: oneOf(random, ENDS) })],
    [2, () => ({ kind: 'hangContainer', at, ms: ms * between(random, 1, 6) })],
    [2, () => ({ kind: 'loseHost', at, how: chance(random, 0.5) ? 'hangs' : 'refuses', ms })],
    [2, () => ({ kind: 'cutReports', at, ms })],
  ])();
}

const ENDS = [
  [1, 'crash'],
  [1, 'oom'],
  [1, 'vanish'],
] as const;

const pauseBy = (random: Random, at: number, ms: number): Fault => ({
  kind: 'pause',
  at,
  room: room(random),
  ms,
  takenOverAfterMs: ms < SILENT_MS ? Infinity : between(random, SILENT_MS, ms),
  lingersMs: between(random, 0, 500),
});

/** A few incarnations that break at some call, early ones more often: that is where one adopts what another left. */
function breakpointsBy(random: Random): Breakpoint[][] {
  return many(between(random, 0, 4), () =>
    many(between(random, 1, 3), () => ({
      call: between(random, 0, oneOf(random, REACH)),
      when: chance(random, 0.5) ? 'before' : 'after',
      how: chance(random, 0.6) ? 'dies' : 'fails',
    })),
  );
}

const REACH = [
  [1, 30],
  [2, 150],
  [2, 500],
] as const;

/** A small world without chance: two predictions on one deployment. For breaking a room at every call that it makes. */
export function smallScenario(breakpoints: Scenario['breakpoints']): Scenario {
  const behavior: Behavior = { kind: 'ends', runMs: 700, reports: 1 };
  const none = { cancelAt: null, deadlineAt: null, isOrphaned: false };
  const prediction = { deployment: 0, account: 0, behavior, webhookRefusals: 0, ...none };
  return {
    seed: 0,
    farHost: false,
    deployments: [{ slots: 1, setupMs: 200, setup: 'ok', keepAliveMs: 1_000, maxInstances: 2, isOnGpu: false }],
    predictions: [
      { at: 10, ...prediction },
      { at: 400, ...prediction },
    ],
    maxInFlight: null,
    budgetMicros: null,
    faults: [],
    breakpoints,
    latency: 'usual',
    lost: 0,
  };
}
