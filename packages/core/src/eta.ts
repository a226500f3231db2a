import { BOOT_PHASES, type BootPhase } from './instance.ts';
import type { Millis } from './time.ts';

/** When each phase of a boot began. */
export type PhaseStamps = Readonly<Partial<Record<BootPhase, Millis>>>;

/** How far a pull is. */
export interface PullProgress {
  readonly bytes: number;
  /** Null while not every layer has said its size. */
  readonly totalBytes: number | null;
}

/** What a deployment took lately: spans in milliseconds, in any order. */
export interface Pace {
  readonly phaseMs: Readonly<Partial<Record<BootPhase, readonly number[]>>>;
  readonly runMs: readonly number[];
}

/** A live instance of the deployment, booting or ready. */
export interface Comer {
  readonly state: 'booting' | 'ready';
  readonly slots: number;
  /** When it entered its state. */
  readonly since: Millis;
  readonly phases: PhaseStamps;
  readonly pull: PullProgress | null;
}

/** Where a prediction stands. */
export interface Line {
  /** Predictions of its deployment that wait and are older. */
  readonly position: number;
  readonly comers: readonly Comer[];
  /** When each run of the deployment that goes on now began. */
  readonly runningSince: readonly Millis[];
  /** Slots of an instance that would be booted for it where none is up or coming; null: none will be. */
  readonly nextBootSlots: number | null;
}

/** The phase that a boot is in, and since when. */
export function phaseOf({ phases, since }: Pick<Comer, 'phases' | 'since'>): { phase: BootPhase; since: Millis } {
  return inOrder(phases).at(-1) ?? { phase: 'place', since };
}

/** By the time of the stamp: an image that turns out to be missing is pulled after the first try to create. */
const inOrder = (stamps: PhaseStamps): { phase: BootPhase; since: Millis }[] =>
  BOOT_PHASES.flatMap((phase) => {
    const since = stamps[phase];
    return since === undefined ? [] : [{ phase, since }];
  }).toSorted((a, b) => a.since - b.since);

/** How long each phase of past boots lasted: from its stamp to the next one. A phase that never ended is left out. */
export function phaseSpans(boots: readonly PhaseStamps[]): Pace['phaseMs'] {
  const spans: Partial<Record<BootPhase, number[]>> = {};
  for (const stamps of boots) {
    const begun = inOrder(stamps);
    for (const [n, { phase, since }] of begun.entries()) {
      const next = begun[n + 1];
      if (next !== undefined) spans[phase] = [...(spans[phase] ?? []), next.since - since];
    }
  }
  return spans;
}

/** The middle of some spans, the upper one of two; null of none. */
export const median = (spans: readonly number[]): number | null =>
  spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)] ?? null;

/**
 * What is usually left of something that has lasted `elapsedMs`: the middle of the past spans that were longer, less that.
 * Null where none was longer: nothing is known of one that lasts longer than all before it.
 */
export function remainingMs(past: readonly number[], elapsedMs: number): number | null {
  const longer = median(past.filter((span) => span >= elapsedMs));
  return longer === null ? null : longer - Math.max(0, elapsedMs);
}

/** The longest line that is worked out exactly; nobody is helped by the seconds of a longer one. */
const LONGEST_LINE = 100_000;

/**
 * Milliseconds until a waiting prediction starts, at the pace of its deployment; null where that is not known. Runs and
 * boots of which nothing is known give no slot to count on, so a number may be late, never a guess. Takes no account of
 * instances that do not boot yet, but for the first one.
 */
export function etaMs(line: Line, pace: Pace, now: Millis): number | null {
  const free = slotTimes(line, pace, now).toSorted((a, b) => a - b);
  const [first] = free;
  const position = Math.min(Math.max(0, line.position), LONGEST_LINE);
  if (first === undefined) return null;
  const runMs = median(pace.runMs);
  if (runMs === null) return free[position] ?? null;
  // Each slot starts one when it is free and one after every run; the first instant by which enough have started.
  const startedBy = (at: number): number =>
    free.reduce((sum, from) => sum + (at < from ? 0 : Math.floor((at - from) / Math.max(1, runMs)) + 1), 0);
  let [early, late] = [first, first + Math.max(1, runMs) * position];
  while (early < late) {
    const middle = Math.floor((early + late) / 2);
    if (startedBy(middle) > position) late = middle;
    else early = middle + 1;
  }
  return late;
}

/** From now on, when each slot is free for the first time. */
function slotTimes({ comers, runningSince, nextBootSlots }: Line, pace: Pace, now: Millis): number[] {
  const ready = comers.filter(({ state }) => state === 'ready');
  const idle = Math.max(0, ready.reduce((sum, { slots }) => sum + slots, 0) - runningSince.length);
  const busy = runningSince.map((since) => remainingMs(pace.runMs, now - since));
  const booting = comers
    .filter(({ state }) => state === 'booting')
    .flatMap((comer) => Array<number | null>(comer.slots).fill(bootMs(comer, pace, now)));
  const known = [...Array<number>(idle).fill(0), ...busy, ...booting].filter((ms) => ms !== null);
  if (comers.length > 0 || nextBootSlots === null) return known;
  const fresh = bootMs({ phases: {}, since: now, pull: null }, pace, now);
  return fresh === null ? [] : Array<number>(nextBootSlots).fill(fresh);
}

/** What is left of a boot; null where a part of it is not known. A pull counts where it is going on: most boots have none. */
function bootMs(boot: Pick<Comer, 'phases' | 'since' | 'pull'>, { phaseMs }: Pace, now: Millis): number | null {
  const { phase, since } = phaseOf(boot);
  const elapsed = Math.max(0, now - since);
  const inPhase =
    phase === 'pull'
      ? (pullMs(boot.pull, elapsed) ?? remainingMs(phaseMs.pull ?? [], elapsed))
      : remainingMs(phaseMs[phase] ?? [], elapsed);
  const later = BOOT_PHASES.slice(BOOT_PHASES.indexOf(phase) + 1).filter((one) => one !== 'ready' && one !== 'pull');
  const setup = phase === 'setup' ? 0 : median(phaseMs.setup ?? []);
  if (inPhase === null || setup === null) return null;
  // A runtime that lacks a phase has no span of it.
  const between = later.filter((one) => one !== 'setup').map((one) => median(phaseMs[one] ?? []) ?? 0);
  return between.reduce((sum, ms) => sum + ms, inPhase + setup);
}

/** What is left of a pull at the rate that it has had. */
function pullMs(pull: PullProgress | null, elapsedMs: number): number | null {
  if (pull === null || pull.totalBytes === null || pull.bytes <= 0) return null;
  return Math.round((elapsedMs * Math.max(0, pull.totalBytes - pull.bytes)) / pull.bytes);
}
