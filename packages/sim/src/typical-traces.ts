import { oneOf, type Random, seeded, spanMs } from './random.ts';
import type { Use, UseTrace } from './use-trace.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Four traces like those that keep-alives are judged on, for where those are not at hand: image models that people use,
 * told apart by model and by user (after twelve days of Alibaba GenTD26), and functions of which half are timers (after
 * Azure Functions 2019). The same seed, the same traces. Their shapes are fitted, not their every figure.
 */
export function typicalTraces(seed: number): readonly UseTrace[] {
  const random = seeded(seed);
  return [
    people('people by model', random, { deployments: 73, skew: 1.25, sessions: 1_700, days: 12 }),
    people('people by user', random, { deployments: 1_700, skew: 0.55, sessions: 1_900, days: 12 }),
    functions('functions, 8 hours', random, { deployments: 250, minutes: 480 }),
    functions('functions, a day', random, { deployments: 600, minutes: 1_440 }),
  ];
}

interface PeopleOptions {
  readonly deployments: number;
  /** The n-th deployment has n^−skew times as many sessions as the first. */
  readonly skew: number;
  /** Of all together. */
  readonly sessions: number;
  readonly days: number;
}

/** Sessions by day rather than by night, in each a few predictions half a minute or so apart. */
function people(name: string, random: Random, { deployments, skew, sessions, days }: PeopleOptions): UseTrace {
  const weights = Array.from({ length: deployments }, (_, rank) => (rank + 1) ** -skew);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const uses = weights.map((weight, rank) => {
    const wanted = (sessions * weight) / total;
    const count = Math.max(1, Math.floor(wanted) + Number(random() < wanted % 1));
    const of = Array.from({ length: count }, () => session(random, days)).flat();
    return [`m${rank}`, of.toSorted((a, b) => a.at - b.at)] as const;
  });
  return { name, uses: new Map(uses) };
}

function session(random: Random, days: number): Use[] {
  const hour = oneOf(random, [
    [1, 0],
    [6, 8],
    [5, 16],
  ]);
  let at = Math.floor(random() * days) * DAY_MS + (hour + random() * 8) * 60 * MINUTE_MS;
  const uses: Use[] = [];
  // One more with 83%: six in a session on average.
  do {
    const runMs = spanMs(random, 23 * SECOND_MS, 0.7);
    uses.push({ at: Math.round(at), runMs, count: 1 });
    at += runMs + spanMs(random, 40 * SECOND_MS, 1.2);
  } while (random() < 0.83);
  return uses;
}

interface FunctionsOptions {
  readonly deployments: number;
  readonly minutes: number;
}

/** Known by the minute only: timers, some of them a minute off at times, and functions that are called by chance. */
function functions(name: string, random: Random, { deployments, minutes }: FunctionsOptions): UseTrace {
  const uses = Array.from({ length: deployments }, (_, n) => {
    const isTimer = n % 2 === 0;
    const of = isTimer ? timer(random, minutes) : byChance(random, minutes);
    return [`f${n}`, of] as const;
  });
  return { name, uses: new Map(uses.filter(([, of]) => of.length > 0)) };
}

function timer(random: Random, minutes: number): Use[] {
  const period = oneOf(random, [
    [5, 1],
    [6, 5],
    [3, 10],
    [3, 15],
    [2, 30],
    [3, 60],
  ]);
  const isExact = random() < 0.7;
  const uses: Use[] = [];
  for (let minute = Math.floor(random() * period); minute < minutes; minute += period) {
    const late = !isExact && period > 1 && random() < 0.1 ? 1 : 0;
    uses.push({ at: (minute + late) * MINUTE_MS, runMs: 0, count: 1 });
  }
  return uses;
}

function byChance(random: Random, minutes: number): Use[] {
  // Rates spread evenly over four powers of ten, from one call a day to ten a minute.
  const perMinute = 10 ** (-3.2 + 4.2 * random());
  const uses: Use[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const count = Math.floor(perMinute) + Number(random() < perMinute % 1);
    if (count > 0) uses.push({ at: minute * MINUTE_MS, runMs: 0, count });
  }
  return uses;
}
