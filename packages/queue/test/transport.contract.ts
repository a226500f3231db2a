import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createLogger, newId, systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createTransport,
  type PredictionNotice,
  type Ticket,
  type TicketOutcome,
  type Transport,
  type TransportAddress,
} from '../src/index.ts';

const log = createLogger({ room: 'test', level: 'silent' });
export const LOCK_MS = 600;
const PATIENCE = { timeout: 10_000, interval: 10 };

export const ticket = (predictionId: string, attempt = 0): Ticket => ({ predictionId, attempt });
export const open = (address: TransportAddress): Promise<Transport> =>
  createTransport(address, { now: systemNow, log, lockMs: LOCK_MS });
export const newDeployment = (): string => newId(systemNow());
export const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, PATIENCE);

/** A handler that notes what it was given, and holds it until `release` when told to. */
export function recorder(options: { hold?: boolean; outcome?: (ticket: Ticket) => TicketOutcome } = {}) {
  const taken: string[] = [];
  const held = new Set<() => void>();
  let most = 0;
  return {
    taken,
    heldNow: () => held.size,
    mostHeld: () => most,
    release: () => {
      for (const letGo of held) letGo();
    },
    handle: async (given: Ticket): Promise<TicketOutcome> => {
      taken.push(given.predictionId);
      if (options.hold) {
        await new Promise<void>((letGo) => {
          const entry = (): void => {
            held.delete(entry);
            letGo();
          };
          held.add(entry);
          most = Math.max(most, held.size);
        });
      }
      return options.outcome?.(given) ?? { kind: 'done' };
    },
  };
}

/** A process of its own that takes one ticket and never lets go of it. */
interface Holder {
  /** The prediction of the ticket that it has taken. */
  readonly held: Promise<string>;
  /** As a `kill -9`. */
  kill(): Promise<void>;
}

/** What may differ between transports. */
type Liberty = 'sizeOfNotices' | 'pokesAtOnce' | 'failingListeners';

export interface TransportUnderTest {
  /** What each process calls: all of these share their queues. */
  open(): Promise<Transport>;
  startHolder(deploymentId: string): Holder;
  /** What it does not do as the others, and why it may. */
  readonly liberties: Readonly<Partial<Record<Liberty, string>>>;
}

/** A transport with an address, which any process can reach. */
export const reachedAt = (address: TransportAddress): TransportUnderTest => ({
  open: () => open(address),
  startHolder(deploymentId) {
    const script = new URL('./fixtures/hold-ticket.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [script, JSON.stringify(address), deploymentId, String(LOCK_MS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return {
      held: once(child.stdout, 'data').then(([said]) => /^HELD (.*)\n$/.exec(String(said))?.[1] ?? String(said)),
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  },
  liberties: {},
});

/** What every transport does, whatever it stands on. */
export function transportContract(subject: TransportUnderTest): void {
  let transport: Transport;
  let deploymentId: string;
  beforeEach(async () => {
    transport = await subject.open();
    deploymentId = newDeployment();
  });
  afterEach(() => transport.close());
  const enqueue = async (...ids: string[]): Promise<void> => {
    for (const id of ids) await transport.queues.enqueue(deploymentId, ticket(id));
  };
  const empty = () =>
    until(async () => expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 }));

  describe('tickets', () => {
    it('come out in the order they went in, and leave nothing behind', async () => {
      await enqueue('a', 'b', 'c');
      const { handle, taken } = recorder();
      await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(taken).toEqual(['a', 'b', 'c']));
      await empty();
    });

    it('reach a consumer that was idle', async () => {
      const { handle, taken } = recorder();
      await transport.queues.consume(deploymentId, 1, handle);
      await enqueue('a');
      await until(() => expect(taken).toEqual(['a']));
      await enqueue('b');
      await until(() => expect(taken).toEqual(['a', 'b']));
    });

    it('are there once when enqueued twice, waiting or held', async () => {
      await enqueue('a', 'a');
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 1, active: 0 });
      const { handle, taken, release, heldNow } = recorder({ hold: true });
      await transport.queues.consume(deploymentId, 2, handle);
      await until(() => expect(heldNow()).toBe(1));
      await enqueue('a');
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 1 });
      release();
      await empty();
      expect(taken).toEqual(['a']);
    });

    it('of another attempt are other tickets', async () => {
      await transport.queues.enqueue(deploymentId, ticket('a', 0));
      await transport.queues.enqueue(deploymentId, ticket('a', 1));
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 2, active: 0 });
    });

    it('that are not for now come back later', async () => {
      const times: number[] = [];
      const { handle } = recorder({
        outcome: () => (times.push(performance.now()) === 1 ? { kind: 'later', delayMs: 80 } : { kind: 'done' }),
      });
      await transport.queues.consume(deploymentId, 1, handle);
      await enqueue('a');
      await until(() => expect(times).toHaveLength(2));
      // Timers and the store's clock round to a millisecond each.
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(78);
      await empty();
    });

    it('whose handler threw are tried again', async () => {
      let calls = 0;
      const { handle, taken } = recorder({
        outcome: () => {
          if (++calls === 1) throw new Error('the database is down');
          return { kind: 'done' };
        },
      });
      await transport.queues.consume(deploymentId, 1, handle);
      await enqueue('a');
      await until(() => expect(taken).toEqual(['a', 'a']));
      await empty();
    });

    it('can be withdrawn while they wait, not while they are held', async () => {
      await enqueue('a', 'b');
      await transport.queues.withdraw(deploymentId, ticket('a'));
      await transport.queues.withdraw(deploymentId, ticket('never-was'));
      const { handle, taken, release } = recorder({ hold: true });
      await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(taken).toEqual(['b']));
      await transport.queues.withdraw(deploymentId, ticket('b'));
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 1 });
      release();
      await empty();
    });

    it('are restored once each, over many deployments', async () => {
      const other = newDeployment();
      await enqueue('a');
      const tickets = [
        { deploymentId, ...ticket('a'), priority: 0 },
        { deploymentId, ...ticket('b'), priority: 0 },
        { deploymentId: other, ...ticket('c'), priority: 0 },
      ];
      expect(await transport.queues.restore(tickets)).toBe(2);
      expect(await transport.queues.restore(tickets)).toBe(0);
      expect(await transport.queues.restore([])).toBe(0);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 2, active: 0 });
      expect(await transport.queues.depth(other)).toEqual({ waiting: 1, active: 0 });
    });

    it('come out by priority, equal ones in the order they went in, and those of priority 0 before all', async () => {
      const priorities = { a: 9, b: 2_097_151, c: 9, d: 0, e: 1, f: 0, g: 9 };
      for (const [id, priority] of Object.entries(priorities))
        await transport.queues.enqueue(deploymentId, ticket(id), priority);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 7, active: 0 });
      const { handle, taken } = recorder();
      await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(taken).toEqual(['d', 'f', 'e', 'a', 'c', 'g', 'b']));
      await empty();
    });

    it('with a priority reach a consumer that was idle, and keep it when they are not for now', async () => {
      const { handle, taken, release, heldNow } = recorder({
        hold: true,
        outcome: () => (taken.length === 1 ? { kind: 'later', delayMs: 1 } : { kind: 'done' }),
      });
      await transport.queues.consume(deploymentId, 1, handle);
      await transport.queues.enqueue(deploymentId, ticket('a'), 5);
      await until(() => expect(taken).toEqual(['a']));
      await transport.queues.enqueue(deploymentId, ticket('later'), 6);
      await transport.queues.enqueue(deploymentId, ticket('before'), 4);
      release();
      await until(() => {
        if (heldNow() > 0) release();
        expect(taken).toHaveLength(4);
      });
      release();
      await empty();
      expect(taken.indexOf('before')).toBeLessThan(taken.indexOf('later'));
      expect(taken.filter((id) => id === 'a')).toHaveLength(2);
    });

    it('are restored with their priorities, and moved where they wait with another', async () => {
      const place = (id: string, priority: number) => ({ deploymentId, ...ticket(id), priority });
      await transport.queues.enqueue(deploymentId, ticket('a'), 3);
      await transport.queues.enqueue(deploymentId, ticket('b'), 100);
      await transport.queues.enqueue(deploymentId, ticket('c'), 0);
      const wanted = [place('a', 3), place('b', 2), place('c', 50), place('d', 1)];
      expect(await transport.queues.restore(wanted)).toBe(1);
      expect(await transport.queues.restore(wanted)).toBe(0);
      const { handle, taken } = recorder();
      await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(taken).toEqual(['d', 'b', 'a', 'c']));
      await empty();
    });

    it('that are held stay held when they are restored with another priority', async () => {
      const { handle, taken, heldNow, release } = recorder({ hold: true });
      await transport.queues.consume(deploymentId, 1, handle);
      await transport.queues.enqueue(deploymentId, ticket('a'), 7);
      await until(() => expect(heldNow()).toBe(1));
      expect(await transport.queues.restore([{ deploymentId, ...ticket('a'), priority: 1 }])).toBe(0);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 1 });
      release();
      await empty();
      expect(taken).toEqual(['a']);
    });

    it('are gone when their deployment is obliterated, and the name can be used again', async () => {
      await enqueue('a', 'b');
      await transport.queues.obliterate(deploymentId);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 0, active: 0 });
      await enqueue('a');
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 1, active: 0 });
    });

    it('of a dispatcher killed with -9 are delivered again', async () => {
      const holder = subject.startHolder(deploymentId);
      await enqueue('a');
      expect(await holder.held).toBe('a');
      const { handle, taken } = recorder();
      await transport.queues.consume(deploymentId, 1, handle);
      await holder.kill();
      expect(taken).toEqual([]);
      await until(() => expect(taken).toEqual(['a']));
      await empty();
    });
  });

  it('lets go of what its consumers hold when it closes: it is delivered again', async () => {
    const leaving = await subject.open();
    const first = recorder({ hold: true });
    await leaving.queues.consume(deploymentId, 1, first.handle);
    await enqueue('a');
    await until(() => expect(first.heldNow()).toBe(1));
    await leaving.close();
    const { handle, taken } = recorder();
    await transport.queues.consume(deploymentId, 1, handle);
    await until(() => expect(taken).toEqual(['a']));
    // Too late to have a say.
    first.release();
    await empty();
    expect(taken).toEqual(['a']);
  });

  describe('consumers', () => {
    it('hold no more than their slots', async () => {
      await enqueue('a', 'b', 'c', 'd', 'e');
      const { handle, taken, release, heldNow, mostHeld } = recorder({ hold: true });
      await transport.queues.consume(deploymentId, 2, handle);
      await until(() => expect(heldNow()).toBe(2));
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 3, active: 2 });
      await until(() => {
        release();
        expect(taken).toHaveLength(5);
      });
      release();
      await empty();
      expect(mostHeld()).toBe(2);
    });

    it('share a queue: the free one takes the next', async () => {
      const [first, second] = [recorder({ hold: true }), recorder({ hold: true })];
      await transport.queues.consume(deploymentId, 1, first.handle);
      await transport.queues.consume(deploymentId, 1, second.handle);
      await enqueue('a', 'b');
      await until(() => expect([first.heldNow(), second.heldNow()]).toEqual([1, 1]));
      first.release();
      second.release();
      await empty();
    });

    it('take more at once when they get slots while all of theirs are taken', async () => {
      await enqueue('a', 'b');
      const { handle, heldNow, release } = recorder({ hold: true });
      const consumer = await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(heldNow()).toBe(1));
      consumer.setSlots(2);
      await until(() => expect(heldNow()).toBe(2));
      release();
      await empty();
    });

    it('without slots take nothing, until they get some', async () => {
      const [idle, busy] = [recorder(), recorder()];
      const resting = await transport.queues.consume(deploymentId, 1, idle.handle);
      resting.setSlots(0);
      await enqueue('a', 'b', 'c');
      const working = await transport.queues.consume(deploymentId, 1, busy.handle);
      await until(() => expect(busy.taken).toHaveLength(3));
      await working.close();
      expect(idle.taken).toEqual([]);
      resting.setSlots(1);
      await enqueue('d');
      await until(() => expect(idle.taken).toEqual(['d']));
    });

    it('attached without slots start when they get some', async () => {
      await enqueue('a');
      const { handle, taken } = recorder();
      const consumer = await transport.queues.consume(deploymentId, 0, handle);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 1, active: 0 });
      consumer.setSlots(1);
      await until(() => expect(taken).toEqual(['a']));
    });

    it('that close finish what they hold and take nothing further', async () => {
      await enqueue('a', 'b');
      const { handle, taken, heldNow, release } = recorder({ hold: true });
      const consumer = await transport.queues.consume(deploymentId, 1, handle);
      await until(() => expect(heldNow()).toBe(1));
      let closed = false;
      const closing = consumer.close().then(() => {
        closed = true;
      });
      await transport.queues.ping();
      expect(closed).toBe(false);
      release();
      await closing;
      expect(taken).toEqual(['a']);
      expect(await transport.queues.depth(deploymentId)).toEqual({ waiting: 1, active: 0 });
    });

    it('that are idle close at once, without the rest of their blocking read', async () => {
      const { handle, taken } = recorder();
      const consumer = await transport.queues.consume(deploymentId, 1, handle);
      await enqueue('a');
      await until(() => expect(taken).toEqual(['a']));
      await empty();
      const start = performance.now();
      await consumer.close();
      expect(performance.now() - start).toBeLessThan(500);
    });
  });

  describe('bus', () => {
    let other: Transport;
    beforeEach(async () => {
      other = await subject.open();
    });
    afterEach(() => other.close());
    /** A test that a transport may be excused from, with the reason in its name. */
    const unlessAtLiberty = (liberty: Liberty, name: string, test: () => Promise<void>): void => {
      const why = subject.liberties[liberty];
      if (why === undefined) it(name, test);
      else it.skip(`${name}: not here, ${why}`, test);
    };

    it('carries pokes to the room they are for, until the listener leaves', async () => {
      const heard = { api: 0, scheduler: 0 };
      const leave = other.bus.onPoke('scheduler', () => heard.scheduler++);
      other.bus.onPoke('api', () => heard.api++);
      // Listening begins a moment after it was asked for, and pokes may be lost: so say it until it is heard.
      await until(() => {
        transport.bus.poke('scheduler');
        expect(heard.scheduler).toBeGreaterThan(0);
      });
      expect(heard.api).toBe(0);
      leave();
      const before = heard.scheduler;
      await until(() => {
        transport.bus.poke('scheduler');
        transport.bus.poke('api');
        expect(heard.api).toBeGreaterThan(0);
      });
      expect(heard.scheduler).toBe(before);
    });

    it('carries notices in order', async () => {
      const heard: string[] = [];
      other.bus.onNotice(({ id, kind }) => heard.push(`${id} ${kind}`));
      await until(() => {
        transport.bus.announce({ id: 'test', kind: 'started' });
        expect(heard).toContain('test started');
      });
      transport.bus.announce({ id: 'p', kind: 'started' });
      transport.bus.announce({ id: 'p', kind: 'progress' });
      transport.bus.announce({ id: 'p', kind: 'returned' });
      transport.bus.announce({ id: 'p', kind: 'finished' });
      await until(() => expect(heard).toContain('p finished'));
      expect(heard.filter((text) => text.startsWith('p'))).toEqual([
        'p started',
        'p progress',
        'p returned',
        'p finished',
      ]);
    });

    it('carries deltas whole and in order, and what the store has of them', async () => {
      const heard: PredictionNotice[] = [];
      other.bus.onNotice((notice) => heard.push(notice));
      await until(() => {
        transport.bus.announce({ id: 'warm', kind: 'started' });
        expect(heard.length).toBeGreaterThan(0);
      });
      const delta = (outputsFrom: number, token: string): PredictionNotice => ({
        id: 'p',
        kind: 'delta',
        delta: { attempt: 1, outputs: [token, { score: 0.5 }], outputsFrom, logs: 'é\n', logsFrom: outputsFrom },
      });
      const deltas = Array.from({ length: 200 }, (_, n) => delta(2 * n, `token ${n}`));
      for (const notice of deltas) transport.bus.announce(notice);
      const extent = { attempt: 1, outputs: 400, logs: 400 };
      transport.bus.announce({ id: 'p', kind: 'progress', extent });
      await until(() => expect(heard.at(-1)).toEqual({ id: 'p', kind: 'progress', extent }));
      expect(heard.filter(({ kind }) => kind === 'delta')).toEqual(deltas);
    });

    unlessAtLiberty('sizeOfNotices', 'leaves out a delta that is too large for it', async () => {
      const heard: string[] = [];
      other.bus.onNotice(({ id }) => heard.push(id));
      await until(() => {
        transport.bus.announce({ id: 'warm', kind: 'started' });
        expect(heard).toContain('warm');
      });
      const outputs = ['x'.repeat(2 ** 20)];
      const delta = { attempt: 1, outputs, outputsFrom: 0, logs: '', logsFrom: 0 };
      transport.bus.announce({ id: 'large', kind: 'delta', delta });
      transport.bus.announce({ id: 'small', kind: 'delta', delta: { ...delta, outputs: ['x'] } });
      await until(() => expect(heard).toContain('small'));
      expect(heard).not.toContain('large');
    });

    unlessAtLiberty('sizeOfNotices', 'tells of an end without its row where that is too large', async () => {
      const heard: PredictionNotice[] = [];
      other.bus.onNotice((notice) => heard.push(notice));
      await until(() => {
        transport.bus.announce({ id: 'small', kind: 'finished', row: { output: 'x' } });
        expect(heard).toContainEqual({ id: 'small', kind: 'finished', row: { output: 'x' } });
      });
      transport.bus.announce({ id: 'large', kind: 'finished', row: { output: 'x'.repeat(2 ** 20) } });
      await until(() => expect(heard).toContainEqual({ id: 'large', kind: 'finished' }));
    });

    unlessAtLiberty('pokesAtOnce', 'makes at most two pokes of many at once', async () => {
      let pokes = 0;
      const heard: string[] = [];
      other.bus.onPoke('api', () => pokes++);
      other.bus.onNotice(({ id }) => heard.push(id));
      await until(() => {
        transport.bus.poke('api');
        transport.bus.announce({ id: 'warm', kind: 'progress' });
        expect([pokes > 0, heard.length > 0]).toEqual([true, true]);
      });
      transport.bus.announce({ id: 'mark', kind: 'started' });
      await until(() => expect(heard).toContain('mark'));
      pokes = 0;
      for (let i = 0; i < 50; i++) transport.bus.poke('api');
      transport.bus.announce({ id: 'last', kind: 'started' });
      await until(() => expect(heard).toContain('last'));
      // One at once, or one when the rest of 20 ms after the poke before is over: the last is never swallowed.
      await until(() => expect(pokes).toBeGreaterThan(0));
      expect(pokes).toBeLessThanOrEqual(2);
    });

    unlessAtLiberty('failingListeners', 'keeps a failing listener to itself', async () => {
      let broke = 0;
      let heard = 0;
      other.bus.onPoke('api', () => {
        broke++;
        throw new Error('a listener broke');
      });
      other.bus.onPoke('api', () => heard++);
      await until(() => {
        transport.bus.poke('api');
        expect([broke > 1, heard > 1]).toEqual([true, true]);
      });
    });
  });
}
