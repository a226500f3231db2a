import { BOOT_LEAD, coldBootCostMs } from '@hearth/core';
import {
  clairvoyant,
  coldInSlots,
  FixedKeepAlives,
  hybridHistogram,
  predictionsIn,
  type SlotPolicy,
  seeded,
  type UseTrace,
  type WarmCost,
  warmAlone,
  warmAuto,
  warmInSlots,
} from '@hearth/sim';
import type { BenchOptions } from './overhead.ts';
import { FRONTIER_MS, idleAt, isWorse, type Point } from './policy/frontier.ts';
import { halvesOf, openUseTraces } from './policy/traces.ts';
import { table } from './stats.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const FIXED_MINUTES = [5, 10, 20, 60];
const SLOTS = [4, 8, 16, 32, 64];
/** Beyond this many predictions a trace is not played event by event. */
const MOST_PLAYED = 50_000;
/** GenTD26's mean time to load a base model, 22 s, and 2 s for the container and its server. */
const BOOT_MS = 24_000;
/** From what sits in the page cache to what is fetched from far away. */
const OTHER_BOOTS_MS = [5_000, 60_000, 120_000];

interface Row extends Point {
  readonly trace: string;
  readonly policy: string;
  readonly coldPercent: number;
  /** Time that instances boot, cold or ahead of a use. */
  readonly bootHours: number;
  readonly meanWaitMs: number;
  /** How much less idle time than the shortest fixed keep-alive with no more cold starts. */
  readonly lessThanFixed: number | null;
}
interface SlotsRow {
  readonly trace: string;
  readonly slots: number;
  readonly policy: string;
  readonly coldPercent: number;
}

/**
 * Keep-alives and evictions on traces of real use: the ones that run, from core, beside fixed times, the hybrid
 * histogram, caches, and bounds that know the future. `halves`: also on parts of each trace, and with other boot times.
 */
export async function policy({
  say,
  traces: folder,
  halves,
}: Pick<BenchOptions, 'say' | 'traces'> & { readonly halves: boolean }) {
  const { source, traces } = await openUseTraces(folder);
  say(`${source}; a boot takes ${BOOT_MS / 1_000} s, auto counts it as ${coldBootCostMs(BOOT_MS) / 1_000} s of idling`);
  const elastic = traces.map((trace) => {
    const compared = compare(trace, BOOT_MS);
    say(`\n## ${trace.name}: ${trace.uses.size} deployments, ${predictionsIn(trace)} predictions`);
    say(table([HEAD, ...compared.rows.map(cells)]));
    say(verdict(compared));
    return compared;
  });
  const slots = traces.filter((trace) => predictionsIn(trace) <= MOST_PLAYED).flatMap((trace) => inSlots(trace, say));
  const random = seeded(1);
  const parts = halves ? traces.flatMap((trace) => halvesOf(trace, random)) : [];
  const others = halves ? OTHER_BOOTS_MS.flatMap((bootMs) => traces.map((trace) => compare(trace, bootMs))) : [];
  const elsewhere = [...parts.map((part) => compare(part, BOOT_MS)), ...others];
  for (const one of elsewhere) say(`${one.trace}, booting ${one.bootMs / 1_000} s: ${verdict(one)}`);
  return {
    source,
    bootMs: BOOT_MS,
    neverWorse: elastic.every((one) => !one.worse),
    neverWorseElsewhere: halves ? elsewhere.every((one) => !one.worse) : null,
    rows: elastic.flatMap((one) => one.rows),
    slots,
    elsewhere: elsewhere.map(({ rows, ...of }) => ({ ...of, auto: rows.find((r) => r.policy === 'auto') })),
  };
}

interface Compared {
  readonly trace: string;
  readonly bootMs: number;
  readonly rows: readonly Row[];
  readonly worse: boolean;
}

function compare(trace: UseTrace, bootMs: number): Compared {
  const predictions = predictionsIn(trace);
  const fixed = new FixedKeepAlives(trace);
  const frontier = FRONTIER_MS.map((ms) => pointOf(fixed.cost(ms), bootMs));
  const row = (name: string, cost: WarmCost, isBound = false): Row => {
    const point = pointOf(cost, bootMs);
    return {
      trace: trace.name,
      policy: name,
      ...point,
      coldPercent: (100 * cost.coldStarts) / predictions,
      bootHours: ((cost.coldStarts + BOOT_LEAD * cost.preWarmed) * bootMs) / HOUR_MS,
      meanWaitMs: (cost.coldStarts * bootMs) / predictions,
      lessThanFixed: isBound ? null : idleAt(frontier, cost.coldStarts) / point.idleHours,
    };
  };
  const hybrid = row('hybrid histogram, 4 h', warmAlone(trace, hybridHistogram));
  const auto = row('auto', warmAuto(trace, bootMs));
  const bound = warmAlone(trace, clairvoyant(coldBootCostMs(bootMs)));
  const rows = [
    ...FIXED_MINUTES.map((minutes) => row(`fixed ${minutes} min`, fixed.cost(minutes * MINUTE_MS))),
    hybrid,
    auto,
    row('clairvoyant, no boot ahead', bound, true),
  ];
  return { trace: trace.name, bootMs, rows, worse: isWorse(auto, frontier, hybrid) };
}

/** A boot ahead of a use holds its place for a little longer than it takes, whoever decides on it: it must not be late. */
function pointOf({ coldStarts, idleMs, preWarmed }: WarmCost, bootMs: number): Point {
  const costMs = idleMs + BOOT_LEAD * preWarmed * bootMs + coldStarts * coldBootCostMs(bootMs);
  return { coldStarts, idleHours: idleMs / HOUR_MS, costHours: costMs / HOUR_MS };
}

function inSlots(trace: UseTrace, say: (line: string) => void): readonly SlotsRow[] {
  const predictions = predictionsIn(trace);
  const caches: readonly (readonly [string, SlotPolicy])[] = [
    ['fixed 10 min', { ttlMs: 10 * MINUTE_MS }],
    ['LRU', 'lru'],
    ['greedy-dual', 'greedy-dual'],
    ['Belady', 'belady'],
  ];
  const rows = SLOTS.flatMap((slots) => {
    const row = (name: string, cold: number): SlotsRow => {
      return { trace: trace.name, slots, policy: name, coldPercent: (100 * cold) / predictions };
    };
    const ours = warmInSlots(trace, slots, { kind: 'until-needed' }, 1);
    const booting = warmInSlots(trace, slots, { kind: 'until-needed' }, BOOT_MS);
    return [
      ...caches.map(([name, cache]) => row(name, coldInSlots(trace, slots, cache))),
      row('ours', ours.coldStarts),
      // Those that come while one boots for another are cold as well.
      row(`ours, booting ${BOOT_MS / 1_000} s`, booting.coldStarts),
    ];
  });
  const names = [...new Set(rows.map((row) => row.policy))];
  const percent = (name: string, slots: number): string =>
    `${rows.find((row) => row.policy === name && row.slots === slots)?.coldPercent.toFixed(2)}%`;
  say(`\n## ${trace.name}, cold starts where so many models are warm`);
  say(table([['policy', ...SLOTS.map(String)], ...names.map((name) => [name, ...SLOTS.map((k) => percent(name, k))])]));
  return rows;
}

const HEAD = ['policy', 'cold', 'cold %', 'idle h', 'boot h', 'mean wait', 'cost h', 'idle vs fixed'];

const cells = (row: Row): string[] => [
  row.policy,
  String(row.coldStarts),
  `${row.coldPercent.toFixed(2)}%`,
  row.idleHours.toFixed(0),
  row.bootHours.toFixed(0),
  `${row.meanWaitMs.toFixed(0)} ms`,
  row.costHours.toFixed(0),
  row.lessThanFixed === null ? '' : `÷ ${row.lessThanFixed.toFixed(3)}`,
];

function verdict({ rows, worse }: Compared): string {
  const at = (name: string): Row | undefined => rows.find((row) => row.policy === name);
  const [auto, hybrid] = [at('auto'), at('hybrid histogram, 4 h')];
  const times = (auto?.lessThanFixed ?? 0).toFixed(3);
  const cost = ((hybrid?.costHours ?? 0) / (auto?.costHours ?? 1)).toFixed(2);
  return `auto is ${worse ? 'WORSE' : 'not worse'}: a fixed keep-alive with no more cold starts idles ${times} times as long; the hybrid histogram costs ${cost} times as much`;
}
