import { parseArgs } from 'node:util';
import { everyCrash } from './every-crash.ts';
import { explore, type Outcome } from './explore.ts';
import { type Scenario, scenarioOf } from './scenario.ts';

const USAGE = `Plays the scheduler and the dispatcher in virtual time, and breaks them.

  pnpm explore                         200 seeds
  pnpm explore --seeds 5000 --from 1   seeds 1 to 5000; ends at the first broken promise
  pnpm explore --all                   as above, and goes on to the last one
  pnpm explore --seed 17               one of them, with all that happens
  pnpm explore --every-crash           a small world, killed before and after each call that a server makes`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    'every-crash': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Answers whether every promise was kept. */
async function playAll(scenarios: Iterable<readonly [name: string, Scenario]>): Promise<boolean> {
  const startedAt = performance.now();
  let [played, events, crashes, broken] = [0, 0, 0, 0];
  for (const [name, scenario] of scenarios) {
    const outcome = await explore(scenario);
    played++;
    events += outcome.events;
    crashes += outcome.deaths;
    if (outcome.violation === null) continue;
    broken++;
    say(`\n${name}: ${outcome.violation.message}`);
    if (values.all) continue;
    say(`The last ${outcome.last.length} events:\n${outcome.last.join('\n')}`);
    break;
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const rate = (played / seconds).toFixed(1);
  say(
    `${played} worlds in ${seconds.toFixed(1)} s (${rate}/s): ${events} events, ${crashes} crashes, ${broken} broken`,
  );
  return broken === 0;
}

function* seedsFrom(from: number, count: number): Generator<readonly [string, Scenario]> {
  for (let seed = from; seed < from + count; seed++) yield [`pnpm explore --seed ${seed}`, scenarioOf(seed)];
}

async function replay(seed: number): Promise<boolean> {
  const scenario = scenarioOf(seed);
  const { last, violation, hash, events, calls, tookMs }: Outcome = await explore(scenario, Infinity);
  say(`${JSON.stringify(scenario, null, 2)}\n\n${last.join('\n')}\n`);
  const rooms = Object.entries(calls).map(([room, counts]) => `${room} ${counts.join('+')}`);
  say(`${events} events in ${tookMs} ms of virtual time; calls: ${rooms.join(', ')}; hash ${hash}`);
  say(violation?.message ?? 'Every promise was kept.');
  return violation === null;
}

if (values.help) say(USAGE);
else if (values.seed !== undefined) process.exitCode = (await replay(Number(values.seed))) ? 0 : 1;
else if (values['every-crash']) process.exitCode = (await playAll(await everyCrash())) ? 0 : 1;
else process.exitCode = (await playAll(seedsFrom(Number(values.from), Number(values.seeds)))) ? 0 : 1;
