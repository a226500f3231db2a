import { describe, expect, it } from 'vitest';
import { everyCrash } from '../explore/every-crash.ts';
import { explore } from '../explore/explore.ts';
import { type Scenario, scenarioOf, smallScenario } from '../explore/scenario.ts';
import { VirtualTime } from '../explore/virtual-time.ts';

// `pnpm explore` plays as many more as one has time for.
const SEEDS = 240;
const AT_ONCE = 40;
const EVERY_NTH_CALL = 4;

/** Fails with the broken promise, what led to it, and how to see it again. */
async function kept(name: string, scenario: Scenario): Promise<void> {
  const { violation, last } = await explore(scenario);
  if (violation) expect.fail(`${name}\n${violation.message}\n${last.join('\n')}`);
}

describe('whatever breaks, every promise is kept', () => {
  it.each(Array.from({ length: SEEDS / AT_ONCE }, (_, n) => n * AT_ONCE + 1))('seeds from %i', async (from) => {
    for (let seed = from; seed < from + AT_ONCE; seed++) await kept(`pnpm explore --seed ${seed}`, scenarioOf(seed));
  });

  it('in a small world, wherever a server is killed', async () => {
    for (const [name, scenario] of await everyCrash(EVERY_NTH_CALL)) await kept(name, scenario);
  });
});

it('plays a seed the same each time, so that it can be looked at again', async () => {
  for (const seed of [11, 12, 13]) {
    const first = await explore(scenarioOf(seed));
    await explore(scenarioOf(seed + 100));
    expect(await explore(scenarioOf(seed))).toEqual(first);
  }
});

it('lets no time pass while code is still put off to the next turn of the event loop', async () => {
  const time = new VirtualTime(0);
  const seenAt: number[] = [];
  const uninstall = time.install(() => 0);
  try {
    time.after(1, () => setImmediate(() => setImmediate(() => seenAt.push(time.now()))));
    time.after(2, () => seenAt.push(time.now()));
    await time.play(10, () => false);
  } finally {
    uninstall();
  }
  expect(seenAt).toEqual([1, 2]);
});

const small = smallScenario({ scheduler: [], dispatcher: [] });
const [first] = small.predictions;
if (first === undefined) throw new Error('the small world has no predictions');

it('a run that outlasts its budget while no dispatcher is there is not billed beyond it', async () => {
  const long = { ...first, account: 1, behavior: { ...first.behavior, runMs: 40_000, reports: 0 } };
  const faults = [{ kind: 'die', at: 3_000, room: 'dispatcher', backAfterMs: 20_000 }] as const;
  await kept('a budget', { ...small, budgetMicros: 12_000, predictions: [long], faults });
});

describe('what was found once stays mended', () => {
  it('a run that was taken over late in its hold goes on', async () => {
    const long = { ...first, behavior: { ...first.behavior, runMs: 20_000, reports: 0 } };
    const faults = [{ kind: 'die', at: 9_000, room: 'dispatcher', backAfterMs: 8_000 }] as const;
    await kept('a hold that nobody extended', { ...small, predictions: [long], faults });
  });

  it('a run whose hold the store does not extend for a while goes on', async () => {
    const long = { ...first, behavior: { ...first.behavior, runMs: 20_000, reports: 0 } };
    const fails = { call: 'predictions.extendHold', when: 'before', how: 'fails' } as const;
    const breakpoints = { scheduler: [], dispatcher: [Array.from({ length: 8 }, () => ({ ...fails }))] };
    await kept('a hold that is not extended', { ...small, predictions: [long], breakpoints });
  });

  it('a run that was never sent costs nothing when it is canceled', async () => {
    const dispatcher = [[{ call: 'model.start', when: 'before', how: 'dies' }]] as const;
    const breakpoints = { scheduler: [], dispatcher };
    await kept('a claim that came to nothing', { ...small, predictions: [{ ...first, cancelAt: 900 }], breakpoints });
  });

  it('an instance that came up stays up where only the answer to that was lost', async () => {
    const scheduler = [[{ call: 'instances.move', when: 'after', how: 'fails' }]] as const;
    await kept('a move whose answer was lost', { ...small, breakpoints: { scheduler, dispatcher: [] } });
  });

  it('what is claimed for an instance that has gone down is not blamed for it', async () => {
    const faults = [
      { kind: 'pause', at: 2_990, room: 'dispatcher', ms: 9_000, takenOverAfterMs: 6_500, lingersMs: 100 },
      { kind: 'endContainer', at: 3_000, how: 'crash' },
    ] as const;
    const second = { ...first, at: 3_100 };
    const deployments = small.deployments.map((one) => ({ ...one, keepAliveMs: 20_000 }));
    await kept('a crash before the claim', { ...small, deployments, predictions: [first, second], faults });
  });
});
