import { parseArgs } from 'node:util';
import { json, table } from './report.ts';
import { runChaos } from './run.ts';
import { buildWorld, type Stores } from './world.ts';

const PER_SECOND = 8;
const EVERY_MS = 4_000;
const USAGE = `usage: pnpm chaos [--seed N] [--minutes M] [--per-second N] [--every MS]
                  [--stores own|embedded] [--json]
Starts a whole Hearth, breaks everything that it stands on while predictions run, and checks every promise of
docs/guarantees.md from outside. The same seed gives the same load and the same faults.
--seed: a whole number from 0, default 1. --minutes: of load and faults, default 1.
--per-second: predictions, default ${PER_SECOND}. --every: mean milliseconds from one fault to the next, default ${EVERY_MS}.
--stores: Postgres and Redis beside Hearth, behind a network that can be broken, or those of \`hearth up\`; by default
as the seed is odd or even.
--json: one last line of JSON. Exit code 1 where a promise was broken; the folder with all logs is kept then.`;

interface Chosen {
  readonly seed: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly everyMs: number;
  readonly stores: Stores;
  readonly json: boolean;
}

/** @throws TypeError or RangeError in words for whoever typed it */
function choose(args: string[]): Chosen {
  const text = { type: 'string' } as const;
  const options = {
    seed: text,
    minutes: text,
    'per-second': text,
    every: text,
    stores: text,
    json: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args, options });
  const above = (name: 'seed' | 'minutes' | 'per-second' | 'every', fallback: number, least: number): number => {
    const value = Number(values[name] ?? fallback);
    if (!(value >= least)) throw new RangeError(`--${name} is "${values[name]}"; it must be a number from ${least}`);
    return value;
  };
  const seed = above('seed', 1, 0);
  if (!Number.isInteger(seed)) throw new RangeError(`--seed is "${values.seed}"; it must be a whole number`);
  const stores = values.stores ?? (seed % 2 === 1 ? 'own' : 'embedded');
  if (stores !== 'own' && stores !== 'embedded')
    throw new RangeError(`--stores is "${stores}"; it must be own or embedded`);
  return {
    seed,
    stores,
    minutes: above('minutes', 1, 0.1),
    perSecond: above('per-second', PER_SECOND, 0.1),
    everyMs: above('every', EVERY_MS, 100),
    json: values.json ?? false,
  };
}

async function main(chosen: Chosen): Promise<number> {
  const say = (line: string): void => console.error(`  ${line}`);
  const world = await buildWorld(chosen.stores, say);
  let broken = true;
  const interrupted = (): void => {
    void world.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    const result = await runChaos(world, { ...chosen, say });
    broken = result.violations.length > 0;
    console.log(table(result));
    if (broken) console.log(`\nseed ${chosen.seed} broke promises; all logs are in ${world.folder}/logs`);
    if (chosen.json) console.log(json(result));
  } finally {
    if (broken) await world.keepLogs();
    await world.close();
    if (!broken) await world.removeFolder();
  }
  return broken ? 1 : 0;
}

let chosen: Chosen;
try {
  chosen = choose(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
}
process.exitCode = await main(chosen);
