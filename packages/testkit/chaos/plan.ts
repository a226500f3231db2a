import { type Chance, chanceOf } from '../e2e/fuzz/chance.ts';

/** The models of a run; what each gives and how it can go wrong is in world.ts. */
export type ModelName = 'fast' | 'local' | 'pieces' | 'file' | 'brittle';
export type Mode = 'ok' | 'fail' | 'crash' | 'oom';

/** One prediction that somebody will ask for. */
export interface Wanted {
  readonly n: number;
  /** After the start of the load. */
  readonly atMs: number;
  readonly model: ModelName;
  readonly mode: Mode;
  readonly seconds: number;
  readonly text: string;
  /** Which of the accounts asks. */
  readonly account: number;
  /** With an `Idempotency-Key`, and asked again until there is an answer. */
  readonly keyed: boolean;
  readonly webhook: boolean;
  /** `Prefer: wait` for so many seconds; null: without. */
  readonly waitSeconds: number | null;
  /** Canceled by its caller so long after the answer; null: never. */
  readonly cancelAfterMs: number | null;
  /** `Cancel-After`; null: without. */
  readonly deadlineSeconds: number | null;
  /** By Replicate's own client instead of plain HTTP. */
  readonly official: boolean;
  /** Somebody reads its stream, and loses the connection after so many events; null: nobody reads. */
  readonly streamBreaksAfter: number | null;
}

export interface PlannedFault {
  readonly n: number;
  readonly atMs: number;
  readonly kind: string;
  /** How long it lasts, where it is not over at once. */
  readonly holdMs: number;
  /** What is left to chance while it is done. */
  readonly chance: Chance;
}

const FIRST_FAULT_MS = 3_000;

const MODELS: readonly (readonly [ModelName, number])[] = [
  ['fast', 62],
  ['local', 20],
  ['pieces', 8],
  ['file', 6],
  ['brittle', 4],
];

function weighted<T>(chance: Chance, from: readonly (readonly [T, number])[]): T {
  let left = chance.below(from.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [value, weight] of from) {
    if (left < weight) return value;
    left -= weight;
  }
  throw new Error('the weights do not add up');
}

const maybe = <T>(chance: Chance, percent: number, value: () => T): T | null =>
  chance.below(100) < percent ? value() : null;

function wanted(seed: number, n: number, atMs: number, accounts: number, canRunOutOfMemory: boolean): Wanted {
  const chance = chanceOf(seed, n);
  const model = weighted(chance, MODELS);
  const breaks: readonly (readonly [Mode, number])[] = [
    ['ok', 5],
    ['crash', 3],
    ['oom', canRunOutOfMemory ? 2 : 0],
  ];
  const mode = model === 'brittle' ? weighted(chance, breaks) : chance.below(100) < 5 ? 'fail' : 'ok';
  const slow = model === 'pieces' || chance.below(100) < 8;
  const seconds = slow ? 0.2 + chance.below(2_300) / 1_000 : chance.below(20) / 1_000;
  const official = chance.below(100) < 10;
  return {
    n,
    atMs: atMs + chance.below(100),
    model,
    mode: model === 'pieces' || model === 'file' ? 'ok' : mode,
    seconds,
    text: `prediction ${n} of run ${seed} ${'·'.repeat(chance.below(40))}`,
    account: chance.below(accounts),
    keyed: !official && chance.below(100) < 40,
    webhook: chance.below(100) < 35,
    waitSeconds: official ? null : maybe(chance, 20, () => 1 + chance.below(6)),
    cancelAfterMs: maybe(chance, 6, () => chance.below(2_000)),
    deadlineSeconds: official ? null : maybe(chance, 4, () => 5 + chance.below(10)),
    official,
    streamBreaksAfter: model === 'pieces' ? maybe(chance, 60, () => 1 + chance.below(6)) : null,
  };
}

export interface LoadTerms {
  readonly seed: number;
  readonly durationMs: number;
  readonly perSecond: number;
  readonly accounts: number;
  readonly canRunOutOfMemory: boolean;
}

/** The same for the same terms. */
export function planLoad({ seed, durationMs, perSecond, accounts, canRunOutOfMemory }: LoadTerms): Wanted[] {
  const count = Math.floor((durationMs / 1_000) * perSecond);
  return Array.from({ length: count }, (_, n) => wanted(seed, n, (n * 1_000) / perSecond, accounts, canRunOutOfMemory));
}

export interface FaultTerms {
  readonly seed: number;
  readonly durationMs: number;
  readonly everyMs: number;
  readonly kinds: readonly string[];
}

/** Every kind comes once before any comes again, in an order left to chance; the same for the same terms. */
export function planFaults({ seed, durationMs, everyMs, kinds }: FaultTerms): PlannedFault[] {
  const chance = chanceOf(seed, -1);
  const planned: PlannedFault[] = [];
  let deck: string[] = [];
  for (let atMs = FIRST_FAULT_MS; atMs < durationMs; atMs += everyMs / 2 + chance.below(everyMs)) {
    if (deck.length === 0) deck = [...kinds];
    const [kind] = deck.splice(chance.below(deck.length), 1);
    if (kind === undefined) throw new Error('there is no fault to choose from');
    const n = planned.length;
    const holdMs = 500 + chance.below(5_000);
    planned.push({ n, atMs: Math.round(atMs), kind, holdMs, chance: chanceOf(seed, -2 - n) });
  }
  return planned;
}
