import { type BootArm, dockerRunArm, engineAnswers, engineArm, platformArm, spawnArm } from './boot-arms.ts';
import { buildMomentsImage } from './boot-image.ts';
import { enginePartMs, type Moments, ownPartMs, PHASES, phasesOf, platformPartMs } from './boot-phases.ts';
import type { BenchOptions } from './overhead.ts';
import { median, ms, type Spread, spread, table, times } from './stats.ts';

const AT_ONCE = [1, 4, 16] as const;
const MOST_AT_ONCE = 16;
/** Of boots at once there are as many samples in fewer rounds. */
const FEWEST_ROUNDS = 2;
/** By how much the phases, which three processes noted, may differ from the wait that the caller's stopwatch showed. */
const ADDS_UP_WITHIN = 0.02;
const GOAL_MS = 120;

/** What one arm showed: every prediction's wait, and in each round that of the last one. */
interface Seen {
  readonly walls: number[];
  readonly lasts: number[];
  readonly moments: Moments[];
}

/**
 * Cold boots: from the request to the prediction's end, through the platform and by hand, in turn. Each boot is split
 * into phases by what the platform notes of it and what the model's server tells.
 */
export async function boot(options: BenchOptions) {
  const { transport, rounds, say } = options;
  const processes = await measured(
    { platform: await platformArm('process', transport, 1), spawn: spawnArm() },
    [1],
    rounds,
  );
  report('process', processes, say);
  if (!(await engineAnswers())) {
    say('docker: no engine answers');
    return { process: summaryOf(processes), docker: null };
  }
  await buildMomentsImage();
  const containers = await measured(
    {
      platform: await platformArm('docker', transport, MOST_AT_ONCE),
      'platform, no network made ahead': await platformArm('docker', transport, MOST_AT_ONCE, {
        HEARTH_NETWORK_POOL: '0',
      }),
      'docker run, 100 ms': dockerRunArm(),
      'engine API, 10 ms': engineArm(),
    },
    AT_ONCE,
    rounds,
  );
  report('docker', containers, say);
  const docker = summaryOf(containers);
  const alone = containers.get(1)?.get('platform')?.moments ?? [];
  const platformMs = median(alone.map(platformPartMs));
  const ownMs = median(alone.map(ownPartMs));
  const reached = platformMs <= GOAL_MS ? 'reached' : 'not reached';
  say(`\nThe platform's part at one: ${ms(platformMs)}; the goal of ${GOAL_MS} ms is ${reached}.`);
  say(`Without the engine's create and start: ${ms(ownMs)}.`);
  return { process: summaryOf(processes), docker, platformMs, ownMs, goalMs: GOAL_MS, reached: platformMs <= GOAL_MS };
}

type Figures = ReadonlyMap<number, ReadonlyMap<string, Seen>>;

/** Every arm in turn, round by round; the first round warms page cache and code caches and counts for nothing. */
async function measured(
  arms: Readonly<Record<string, BootArm>>,
  sizes: readonly number[],
  rounds: number,
): Promise<Figures> {
  const figures = new Map<number, Map<string, Seen>>();
  try {
    for (const size of sizes) {
      const seen = new Map(
        Object.keys(arms).map((name): [string, Seen] => [name, { walls: [], lasts: [], moments: [] }]),
      );
      figures.set(size, seen);
      for (let round = -1; round < Math.max(FEWEST_ROUNDS, Math.ceil(rounds / size)); round++) {
        for (const [name, arm] of Object.entries(arms)) {
          const runs = await Promise.all(Array.from({ length: size }, (_, number) => arm.run(number)));
          await Promise.all(runs.map((run) => run.cleanup()));
          const into = seen.get(name);
          if (round < 0 || into === undefined) continue;
          into.walls.push(...runs.map(({ wallMs }) => wallMs));
          into.lasts.push(Math.max(...runs.map(({ wallMs }) => wallMs)));
          into.moments.push(...runs.flatMap(({ moments }) => moments ?? []));
        }
      }
    }
  } finally {
    await Promise.all(Object.values(arms).map((arm) => arm.end()));
  }
  return figures;
}

/** Of each number at once: every arm, and the platform's waits over those of each other arm, round by round. */
function summaryOf(figures: Figures) {
  return Object.fromEntries(
    [...figures].map(([size, seen]) => {
      const arms = Object.fromEntries([...seen].map(([name, arm]) => [name, summaryOfArm(arm)]));
      const platform = seen.get('platform');
      const others = [...seen].filter(([name]) => name !== 'platform');
      const ratios = Object.fromEntries(others.map(([name, arm]) => [name, ratioOf(platform?.lasts ?? [], arm.lasts)]));
      return [size, { arms, ratios }];
    }),
  );
}

const ratioOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spread(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));

function summaryOfArm({ walls, lasts, moments }: Seen) {
  const wall = { eachMs: spread(walls), lastMs: spread(lasts) };
  if (moments.length === 0) return wall;
  const split = moments.map(phasesOf);
  const off = spread(walls.map((wallMs, at) => sum(Object.values(split[at] ?? {})) / wallMs - 1));
  return {
    ...wall,
    platformMs: spread(moments.map(platformPartMs)),
    engineMs: spread(moments.map(enginePartMs)),
    ownMs: spread(moments.map(ownPartMs)),
    phasesMs: Object.fromEntries(
      PHASES.map(([name]) => [name, spread(split.map((phases) => phases[name] ?? Number.NaN))]),
    ),
    off,
    addsUp: Math.abs(off.median) <= ADDS_UP_WITHIN,
  };
}

function report(runtime: string, figures: Figures, say: BenchOptions['say']): void {
  for (const [size, seen] of figures) {
    say(`\n${runtime}, ${size} at once`);
    const platform = seen.get('platform');
    const rows = [...seen].map(([name, { walls, lasts }]) => [
      name,
      ms(median(walls)),
      ms(Math.min(...walls)),
      ms(median(lasts)),
      name === 'platform' ? '' : times(ratioOf(platform?.lasts ?? [], lasts)),
    ]);
    say(table([['arm', 'median', 'shortest', 'the last of them', 'platform ÷ this'], ...rows]));
    if (platform !== undefined) say(`\n${phaseTable(platform)}`);
  }
}

function phaseTable({ walls, moments }: Seen): string {
  const split = moments.map(phasesOf);
  const column = (name: string) => split.map((phases) => phases[name] ?? Number.NaN);
  const rows = PHASES.map(([name]) => [name, ms(median(column(name))), ms(Math.min(...column(name)))]);
  const totals = split.map((phases) => sum(Object.values(phases)));
  const off = median(walls.map((wallMs, at) => (totals[at] ?? Number.NaN) / wallMs - 1));
  return table([
    ['phase', 'median', 'shortest'],
    ...rows,
    ['all of them', ms(median(totals)), ms(Math.min(...totals))],
    ['the caller waited', ms(median(walls)), ms(Math.min(...walls))],
    ['the sum is off by', `${(off * 100).toFixed(1)} %`, ''],
    ...PARTS.map(([name, partMs]) => [name, ms(median(moments.map(partMs))), ms(Math.min(...moments.map(partMs)))]),
  ]);
}

const PARTS = [
  ["the platform's part", platformPartMs],
  ['of it the engine', enginePartMs],
  ['of it Hearth itself', ownPartMs],
] as const;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
