import { setTimeout as pause } from 'node:timers/promises';
import type { WirePrediction } from '@hearth/contract';
import { Book } from './book.ts';
import { check, type Violation } from './checks.ts';
import { faultsOf, mend } from './faults.ts';
import { keepJournal } from './journal.ts';
import { leftovers } from './leftovers.ts';
import { type Callers, call } from './load.ts';
import { type PlannedFault, planFaults, planLoad } from './plan.ts';
import { startChaosReceiver } from './receiver.ts';
import type { DoneFault, Result } from './report.ts';
import { settle } from './settle.ts';
import { verifyLedger } from './verify.ts';
import { downloads, each, ledger, listed } from './views.ts';
import type { World } from './world.ts';

export interface ChaosTerms {
  readonly seed: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly everyMs: number;
  readonly say: (line: string) => void;
}

/** After the last fault: webhooks are tried for a minute, and longer where it went by without the platform. */
const WEBHOOKS_MS = 300_000;
const INSTANCES_GONE_MS = 120_000;

/** Load and faults at once; then quiet, until all has ended; then every promise is checked. */
export async function runChaos(world: World, terms: ChaosTerms): Promise<Result> {
  const { seed, minutes, perSecond, everyMs, say } = terms;
  const book = new Book();
  const { url } = world.house;
  const { accounts } = world;
  const secrets = accounts.map(({ secret }) => secret);
  const receiver = await startChaosReceiver(book, secrets);
  const over = new AbortController();
  const journal = keepJournal(world);
  const callers: Callers = { url, accounts, receiver, book, over: over.signal };
  const durationMs = minutes * 60_000;
  const { possible, skipped } = faultsOf(world);
  const load = planLoad({
    seed,
    durationMs,
    perSecond,
    accounts: accounts.length,
    canRunOutOfMemory: world.engine !== null,
  });
  const planned = planFaults({ seed, durationMs, everyMs, kinds: [...possible.keys()] });
  say(`seed ${seed}: ${load.length} predictions and ${planned.length} faults in ${minutes} minutes`);

  const calls = Promise.all(
    load.map(async (wanted) => {
      await pause(wanted.atMs);
      await call(callers, wanted);
    }),
  );
  const faults = await breakThings(planned, possible, book, say);
  await mend(world);
  await pause(Math.max(0, durationMs - book.now()));
  say('no more faults, and no more load');
  await settle({ url, accounts }, book, say);
  over.abort();
  await calls;
  await receiverQuiet(book, say);

  const all = await listed({ url, accounts });
  const finals = await each({ url, accounts }, [...all.values()]);
  for (const { id, status } of all.values()) {
    const wanted = load.find(({ text }) => text === finals.get(id)?.input.text) ?? null;
    book.saw(book.entry(id, wanted), 'list', book.now(), status);
  }
  const records = await ledger({ url, accounts });
  await journal.close();
  const files = await downloads(callers, finals);
  const violations: Violation[] = check({ book, listed: all, finals, records, began: journal.began, files });
  const verifiedAtMs = book.now();
  for (const what of await verifyLedger(world.house))
    violations.push({ promise: 'ledger', what, id: null, fromMs: verifiedAtMs, toMs: book.now() });
  violations.push(...(await nothingLeft(world, book, say)));
  await receiver.close();
  return {
    seed,
    minutes,
    engine: world.engine !== null,
    predictions: book.acknowledged,
    faults,
    skipped,
    violations,
    ends: endsOf([...finals.values()]),
    deliveries: book.deliveries.length,
    unanswered: book.unknown.size,
  };
}

/** Each at its time, but for those whose target is just being broken: they wait for that. */
async function breakThings(
  planned: readonly PlannedFault[],
  possible: ReturnType<typeof faultsOf>['possible'],
  book: Book,
  say: (line: string) => void,
): Promise<DoneFault[]> {
  const done: DoneFault[] = [];
  const last = new Map<string, Promise<void>>();
  const one = async ({ kind, atMs, holdMs, chance }: PlannedFault): Promise<void> => {
    await pause(Math.max(0, atMs - book.now()));
    const fault = possible.get(kind);
    if (fault === undefined) throw new Error(`there is no fault ${kind}`);
    const before = last.get(fault.target);
    const doing = (async () => {
      await before;
      const fromMs = book.now();
      await fault.run(holdMs, chance);
      done.push({ kind, fromMs, toMs: book.now() });
      say(`${(fromMs / 1_000).toFixed(1).padStart(7)} s  ${kind}, ${book.now() - fromMs} ms`);
    })();
    last.set(
      fault.target,
      doing.catch(() => {}),
    );
    await doing;
  };
  const results = await Promise.allSettled(planned.map(one));
  for (const result of results)
    if (result.status === 'rejected') say(`a fault could not be done: ${String(result.reason)}`);
  return done;
}

/** Webhooks may still be on their way; resolves when each that is awaited has had its time. */
async function receiverQuiet(book: Book, say: (line: string) => void): Promise<void> {
  const awaited = (): number => {
    const told = new Set(book.deliveries.filter(({ answered }) => answered === 200).map(({ n }) => n));
    return [...book.entries.values()].filter(({ wanted }) => wanted?.webhook && !told.has(wanted.n)).length;
  };
  say(`waiting for ${awaited()} webhooks`);
  for (const deadline = performance.now() + WEBHOOKS_MS; awaited() > 0 && performance.now() < deadline; )
    await pause(500);
}

/** Scaled to zero and ended, it leaves nothing. */
async function nothingLeft(world: World, book: Book, say: (line: string) => void): Promise<Violation[]> {
  const fromMs = book.now();
  const broken = (what: string): Violation => ({ promise: 'nothing left', what, id: null, fromMs, toMs: book.now() });
  const violations: Violation[] = [];
  say('waiting for the instances to go');
  const deadline = performance.now() + INSTANCES_GONE_MS;
  for (;;) {
    const { results } = await world.house.get<{ results: { id: string; state: string }[] }>('/v1/instances');
    if (results.length === 0) break;
    if (performance.now() > deadline) {
      violations.push(...results.map(({ id, state }) => broken(`instance ${id} is still ${state}`)));
      break;
    }
    await pause(1_000);
  }
  say('ending Hearth');
  const code = await world.house.stop();
  if (code !== 0) violations.push(broken(`hearth up ended with ${code}`));
  violations.push(...(await leftovers(world)).map((left) => broken(`left: ${left}`)));
  return violations;
}

function endsOf(finals: readonly (WirePrediction | null)[]): Record<string, number> {
  const words = finals.map((final) =>
    final === null ? 'not there' : [final.status, final.error === null ? '' : shortened(final.error)].join(' '),
  );
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length] as const);
  return Object.fromEntries(counts.toSorted(([, one], [, other]) => other - one));
}

/** Without what differs from one to the next. */
const shortened = (error: string): string =>
  error
    .split('\n')[0]
    ?.replaceAll(/[0-9a-z]{26}|\d+/g, '…')
    .slice(0, 160) ?? '';
