import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PredictionNotice, Transport } from '../../src/index.ts';
import { eachOpens, type Liberty, type TransportUnderTest, until } from './under-test.ts';

/** Pokes and notices. */
export function busContract(subject: TransportUnderTest): void {
  const opened = eachOpens(subject);

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
      opened.transport.bus.poke('scheduler');
      expect(heard.scheduler).toBeGreaterThan(0);
    });
    expect(heard.api).toBe(0);
    leave();
    const before = heard.scheduler;
    await until(() => {
      opened.transport.bus.poke('scheduler');
      opened.transport.bus.poke('api');
      expect(heard.api).toBeGreaterThan(0);
    });
    expect(heard.scheduler).toBe(before);
  });

  it('carries notices in order', async () => {
    const heard: string[] = [];
    other.bus.onNotice(({ id, kind }) => heard.push(`${id} ${kind}`));
    await until(() => {
      opened.transport.bus.announce({ id: 'test', kind: 'started' });
      expect(heard).toContain('test started');
    });
    opened.transport.bus.announce({ id: 'p', kind: 'started' });
    opened.transport.bus.announce({ id: 'p', kind: 'progress' });
    opened.transport.bus.announce({ id: 'p', kind: 'returned' });
    opened.transport.bus.announce({ id: 'p', kind: 'finished' });
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
      opened.transport.bus.announce({ id: 'warm', kind: 'started' });
      expect(heard.length).toBeGreaterThan(0);
    });
    const delta = (outputsFrom: number, token: string): PredictionNotice => ({
      id: 'p',
      kind: 'delta',
      delta: { attempt: 1, outputs: [token, { score: 0.5 }], outputsFrom, logs: 'é\n', logsFrom: outputsFrom },
    });
    const deltas = Array.from({ length: 200 }, (_, n) => delta(2 * n, `token ${n}`));
    for (const notice of deltas) opened.transport.bus.announce(notice);
    const extent = { attempt: 1, outputs: 400, logs: 400 };
    opened.transport.bus.announce({ id: 'p', kind: 'progress', extent });
    await until(() => expect(heard.at(-1)).toEqual({ id: 'p', kind: 'progress', extent }));
    expect(heard.filter(({ kind }) => kind === 'delta')).toEqual(deltas);
  });

  unlessAtLiberty('sizeOfNotices', 'leaves out a delta that is too large for it', async () => {
    const heard: string[] = [];
    other.bus.onNotice(({ id }) => heard.push(id));
    await until(() => {
      opened.transport.bus.announce({ id: 'warm', kind: 'started' });
      expect(heard).toContain('warm');
    });
    const outputs = ['x'.repeat(2 ** 20)];
    const delta = { attempt: 1, outputs, outputsFrom: 0, logs: '', logsFrom: 0 };
    opened.transport.bus.announce({ id: 'large', kind: 'delta', delta });
    opened.transport.bus.announce({ id: 'small', kind: 'delta', delta: { ...delta, outputs: ['x'] } });
    await until(() => expect(heard).toContain('small'));
    expect(heard).not.toContain('large');
  });

  unlessAtLiberty('sizeOfNotices', 'tells of an end without its row where that is too large', async () => {
    const heard: PredictionNotice[] = [];
    other.bus.onNotice((notice) => heard.push(notice));
    await until(() => {
      opened.transport.bus.announce({ id: 'small', kind: 'finished', row: { output: 'x' } });
      expect(heard).toContainEqual({ id: 'small', kind: 'finished', row: { output: 'x' } });
    });
    opened.transport.bus.announce({ id: 'large', kind: 'finished', row: { output: 'x'.repeat(2 ** 20) } });
    await until(() => expect(heard).toContainEqual({ id: 'large', kind: 'finished' }));
  });

  unlessAtLiberty('pokesAtOnce', 'makes at most two pokes of many at once', async () => {
    let pokes = 0;
    const heard: string[] = [];
    other.bus.onPoke('api', () => pokes++);
    other.bus.onNotice(({ id }) => heard.push(id));
    await until(() => {
      opened.transport.bus.poke('api');
      opened.transport.bus.announce({ id: 'warm', kind: 'progress' });
      expect([pokes > 0, heard.length > 0]).toEqual([true, true]);
    });
    opened.transport.bus.announce({ id: 'mark', kind: 'started' });
    await until(() => expect(heard).toContain('mark'));
    pokes = 0;
    for (let i = 0; i < 50; i++) opened.transport.bus.poke('api');
    opened.transport.bus.announce({ id: 'last', kind: 'started' });
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
      opened.transport.bus.poke('api');
      expect([broke > 1, heard > 1]).toEqual([true, true]);
    });
  });
}
