import { parseArgs } from 'node:util';
import { findRedisBinary } from '@hearth/queue';
import { boot } from './boot.ts';
import { fair } from './fair.ts';
import { type BenchOptions, overhead } from './overhead.ts';
import { place } from './place.ts';
import { policy } from './policy.ts';
import { scale } from './scale.ts';
import { stream } from './stream.ts';
import { tracesFolder } from './traces-folder.ts';

const BENCHES = { overhead, boot, stream, place, policy, scale, fair };
type Bench = keyof typeof BENCHES;
const SCALE = { hours: 6, deployments: 10_000, hosts: 1_000, spacing: 500 };
const USAGE = `usage: pnpm bench [${Object.keys(BENCHES).join('|')}]… [--json] [--rounds N] [--transport redis|postgres]
                  [--halves] [--hours N] [--deployments N] [--hosts N] [--spacing MS]
Runs the platform beside the same work done by hand, in turn, and prints medians and ratios.
Each bench ends with a line of JSON; --json prints that alone.
--rounds: a whole number from 1, default 5. --transport: default redis where one is on PATH, else postgres.
policy alone takes --halves: it also looks at parts of each trace, and at other boot times. place, policy and scale read their traces from the folder HEARTH_TRACES,
else from traces/ here or shared/traces/ beside this folder, else they generate some and say so.
scale alone takes --hours (simulated), --deployments, --hosts and --spacing (from one cycle to the next); defaults ${Object.values(SCALE).join(', ')}.`;

interface Chosen extends Omit<BenchOptions, 'say'> {
  readonly size: typeof SCALE;
  readonly benches: readonly Bench[];
  readonly json: boolean;
  readonly halves: boolean;
}

/** @throws TypeError or RangeError in words for whoever typed it */
async function choose(args: string[]): Promise<Chosen> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      halves: { type: 'boolean' },
      rounds: { type: 'string' },
      transport: { type: 'string' },
      hours: { type: 'string' },
      deployments: { type: 'string' },
      hosts: { type: 'string' },
      spacing: { type: 'string' },
    },
  });
  const benches = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
  for (const name of benches) if (!Object.hasOwn(BENCHES, name)) throw new RangeError(`there is no bench "${name}"`);
  const rounds = Number(values.rounds ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`--rounds is "${values.rounds}"`);
  const found = (await findRedisBinary(process.env)).binary === null ? 'postgres' : 'redis';
  const transport = values.transport ?? found;
  if (transport !== 'redis' && transport !== 'postgres') throw new RangeError(`--transport is "${transport}"`);
  const size = { ...SCALE };
  for (const name of ['hours', 'deployments', 'hosts', 'spacing'] as const) {
    size[name] = Number(values[name] ?? SCALE[name]);
    if (!(size[name] > 0)) throw new RangeError(`--${name} is "${values[name]}"; it must be a number above 0`);
  }
  return {
    benches: benches as Bench[],
    rounds,
    transport,
    traces: await tracesFolder(process.env),
    size,
    json: values.json ?? false,
    halves: values.halves ?? false,
  };
}

async function main({ benches, rounds, transport, traces, size, json, halves }: Chosen): Promise<void> {
  const say = json ? () => {} : (line: string) => console.log(line);
  for (const name of benches) {
    say(`\n# ${name}`);
    const figures = await BENCHES[name]({ rounds, transport, traces, ...size, halves, say });
    console.log(JSON.stringify({ bench: name, transport, rounds, ...figures }));
  }
}

const chosen = await choose(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof Error)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exit(2);
});
await main(chosen);
