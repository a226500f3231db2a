import { once } from 'node:events';
import { readStreamEvents, type StreamEvent, type WirePrediction } from '@hearth/contract';
import { createLogger } from '@hearth/kit';
import type { PredictionDelta } from '@hearth/queue';
import type { PredictionRow } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EventStream } from '../src/event-stream.ts';
import { createNoticeHub } from '../src/notices.ts';
import { createTails } from '../src/predictions/tails.ts';
import { createDispatcher, type House, startHouse } from './harness.ts';

let house: House;
let dispatcher: ReturnType<typeof createDispatcher>;
let url: string;
/** How often predictions were read from the store, by id. */
const reads = new Map<string, number>();

beforeAll(async () => {
  house = await startHouse({
    deps: (deps) => {
      const get = async (id: string) => {
        reads.set(id, (reads.get(id) ?? 0) + 1);
        return deps.store.predictions.get(id);
      };
      return { ...deps, store: { ...deps.store, predictions: { ...deps.store.predictions, get } } };
    },
  });
  dispatcher = createDispatcher(house.deps);
  url = await house.app.listen({ host: '127.0.0.1', port: 0 });
  await house.addModel('echo');
});
afterAll(() => house.close());

/** A prediction that runs. */
async function running(): Promise<{ created: WirePrediction; row: PredictionRow }> {
  const { body } = await house.ask('POST', '/v1/models/hearth/echo/predictions', { input: { text: 'hi' } });
  return { created: body, row: await dispatcher.claim(body.id) };
}

interface Reader {
  readonly events: StreamEvent[];
  /** Resolves at the end of the stream. */
  readonly over: Promise<void>;
  leave(): void;
}

/** A reader of its stream, once the server has answered. */
async function read({ urls }: WirePrediction, lastEventId?: string): Promise<Reader> {
  const cut = new AbortController();
  const response = await fetch(urls.stream.replace('http://hearth.test', url), {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
    signal: cut.signal,
  });
  const { body } = response;
  if (response.status !== 200 || body === null) throw new Error(`the stream answered ${response.status}`);
  const events: StreamEvent[] = [];
  const collect = async (): Promise<void> => {
    for await (const event of readStreamEvents(body)) events.push(event);
  };
  const over = collect().catch((error: unknown) => {
    if (!cut.signal.aborted) throw error;
  });
  return { events, over, leave: () => cut.abort() };
}

const outputsOf = ({ events }: Pick<Reader, 'events'>): string[] =>
  events.filter(({ event }) => event === 'output').map(({ data }) => data);
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

function say(
  { id, attempt }: PredictionRow,
  outputsFrom: number,
  outputs: unknown[],
  log?: { from: number; text: string },
) {
  const delta: PredictionDelta = { attempt, outputs, outputsFrom, logs: log?.text ?? '', logsFrom: log?.from ?? 0 };
  house.bus.announce({ id, kind: 'delta', delta });
}

describe('a reader', () => {
  it('gets what was never stored, as it is told of it', async () => {
    const { created, row } = await running();
    const reader = await read(created);
    say(row, 0, ['a']);
    await until(() => expect(outputsOf(reader)).toEqual(['a']));
    say(row, 1, ['b', 'c'], { from: 0, text: 'log\n' });
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c']));
    expect(await house.store.predictions.get(row.id)).toMatchObject({ output: null, logs: '' });
    await dispatcher.finish(row, 'succeeded', { output: ['a', 'b', 'c', 'd'], logs: 'log\n' });
    await reader.over;
    expect(reader.events).toEqual([
      { event: 'output', data: 'a', id: '1:0' },
      { event: 'logs', data: 'log\n', id: '1:4' },
      { event: 'output', data: 'b', id: '2:4' },
      { event: 'output', data: 'c', id: '3:4' },
      { event: 'output', data: 'd', id: '4:4' },
      { event: 'done', data: '{}', id: '4:4' },
    ]);
  });

  it('that comes late gets all of it, and that comes back gets the rest', async () => {
    const { created, row } = await running();
    const first = await read(created);
    say(row, 0, ['a', 'b']);
    await until(() => expect(outputsOf(first)).toEqual(['a', 'b']));
    first.leave();
    await dispatcher.progress(row, { output: ['a', 'b', 'c'] });
    const [late, back] = [await read(created), await read(created, first.events.at(-1)?.id)];
    say(row, 3, ['d']);
    await until(() => expect(outputsOf(late)).toEqual(['a', 'b', 'c', 'd']));
    await until(() => expect(outputsOf(back)).toEqual(['c', 'd']));
    await dispatcher.finish(row, 'canceled', { output: ['a', 'b', 'c', 'd'] });
    await Promise.all([late.over, back.over]);
    const after = await read(created, '3:0');
    await after.over;
    expect(after.events.map(({ event, data }) => [event, data])).toEqual([
      ['output', 'd'],
      ['done', '{"reason":"canceled"}'],
    ]);
  });

  it('that was told of too late gets what it missed from the store, in order', async () => {
    const { created, row } = await running();
    const reader = await read(created);
    say(row, 0, ['a']);
    // The delta with `b` was lost, and the store does not have it yet.
    say(row, 2, ['c']);
    say(row, 3, ['d']);
    await until(() => expect(outputsOf(reader)).toEqual(['a']));
    await dispatcher.progress(row, { output: ['a', 'b', 'c'] });
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c', 'd']));
    await dispatcher.finish(row, 'failed', { output: ['a', 'b', 'c', 'd'], error: 'boom' });
    await reader.over;
    expect(reader.events.slice(-2).map(({ event, data }) => [event, data])).toEqual([
      ['error', '{"detail":"boom"}'],
      ['done', '{"reason":"error"}'],
    ]);
  });

  it('that was told too little looks at once, where the store may have it, and when the store is said to have more', async () => {
    const { created, row } = await running();
    const reader = await read(created);
    say(row, 0, ['a']);
    await until(() => expect(outputsOf(reader)).toEqual(['a']));
    await house.store.predictions.progress(row.id, row.attempt, { output: ['a', 'b'] });
    say(row, 2, ['c']);
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c']));
    // Too large for a notice: all that is told of it is that it was stored.
    await house.store.predictions.progress(row.id, row.attempt, { output: ['a', 'b', 'c', 'large'] });
    house.bus.announce({ id: row.id, kind: 'progress', extent: { attempt: row.attempt, outputs: 4, logs: 0 } });
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c', 'large']));
    reader.leave();
    await reader.over;
  });

  it('is not sent twice what a lost attempt had given it', async () => {
    const { created, row } = await running();
    const reader = await read(created);
    say(row, 0, ['a', 'b', 'c']);
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c']));
    await house.store.predictions.giveBack(row.id, row.attempt, true);
    house.bus.announce({ id: row.id, kind: 'returned' });
    const again = await dispatcher.claim(row.id);
    say(again, 0, ['A', 'B']);
    // Of the attempt that is lost, whatever still comes.
    say(row, 3, ['d']);
    say(again, 2, ['C', 'D']);
    await until(() => expect(outputsOf(reader)).toEqual(['a', 'b', 'c', 'D']));
    await dispatcher.finish(again, 'succeeded', { output: ['A', 'B', 'C', 'D', 'E'] });
    await reader.over;
    expect(outputsOf(reader)).toEqual(['a', 'b', 'c', 'D', 'E']);
  });

  it('of a prediction that is not there is told so, in a way that a page can read', async () => {
    const { created } = await running();
    const wrong = await fetch(`${created.urls.stream.replace('http://hearth.test', url)}x`);
    expect(wrong.status).toBe(404);
    expect(wrong.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('in a page may ask with the headers that clients send', async () => {
    const { created } = await running();
    const asked = await fetch(created.urls.stream.replace('http://hearth.test', url), {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.test',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'last-event-id',
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe('*');
    expect(asked.headers.get('access-control-allow-headers')).toContain('last-event-id');
    const read = new AbortController();
    const stream = await fetch(created.urls.stream.replace('http://hearth.test', url), { signal: read.signal });
    expect(Object.fromEntries(stream.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
    });
    read.abort();
  });
});

describe('many readers', () => {
  it('cost one read of the store at first, and none while they are told of everything', async () => {
    const { created, row } = await running();
    const before = reads.get(row.id) ?? 0;
    const readers = await Promise.all(Array.from({ length: 30 }, () => read(created)));
    const tokens = Array.from({ length: 300 }, (_, n) => `token ${n} `);
    for (const [n, token] of tokens.entries()) {
      say(row, n, [token]);
      if (n % 50 === 0) {
        // The store is behind what they have.
        const extent = { attempt: row.attempt, outputs: n, logs: 0 };
        house.bus.announce({ id: row.id, kind: 'progress', extent });
      }
    }
    await until(() => {
      for (const reader of readers) expect(outputsOf(reader)).toEqual(tokens);
    });
    expect((reads.get(row.id) ?? 0) - before).toBe(1);
    await dispatcher.finish(row, 'succeeded', { output: tokens });
    await Promise.all(readers.map(({ over }) => over));
    for (const { events } of readers) expect(events.at(-1)).toEqual({ event: 'done', data: '{}', id: '300:0' });
  });
});

describe('a slow reader', () => {
  it('holds back its own stream and nobody else, and still gets everything', async () => {
    const { row } = await running();
    const { store, bus } = house;
    const hub = createNoticeHub(bus);
    const tails = createTails({ store, hub, log: createLogger({ room: 'test', level: 'silent' }) });
    const open = async () => {
      const stream = await EventStream.open(
        (onGrowth) => tails.open(row.id, onGrowth),
        { outputs: 0, logs: 0 },
        new AbortController().signal,
      );
      if (stream === null) throw new Error('there is no stream');
      return stream.setEncoding('utf8');
    };
    const [slow, quick] = [await open(), await open()];
    const text = { slow: '', quick: '' };
    quick.on('data', (chunk: string) => {
      text.quick += chunk;
    });
    const tokens = Array.from({ length: 2_000 }, (_, n) => `${n} ${'x'.repeat(1_000)}`);
    for (const [n, token] of tokens.entries()) say(row, n, [token]);
    await until(() => expect(text.quick).toContain('id: 2000:0\n'));
    // Of two megabytes: its buffer and one chunk.
    expect(slow.readableLength).toBeLessThan(128 * 1024);
    slow.on('data', (chunk: string) => {
      text.slow += chunk;
    });
    await dispatcher.finish(row, 'succeeded', { output: tokens });
    await Promise.all([once(slow, 'end'), once(quick, 'end')]);
    expect(text.slow).toBe(text.quick);
    expect(text.slow.match(/^id: \d+:0\nevent: output$/gm)).toHaveLength(2_000);
    hub.close();
  });
});

describe('an idle stream', () => {
  it('says every 10 s that it is alive, and nothing once it is over', async () => {
    const { row } = await running();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const hub = createNoticeHub(house.bus);
      const tails = createTails({ store: house.store, hub, log: createLogger({ room: 'test', level: 'silent' }) });
      const closing = new AbortController();
      const stream = await EventStream.open(
        (onGrowth) => tails.open(row.id, onGrowth),
        { outputs: 0, logs: 0 },
        closing.signal,
      );
      let text = '';
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      await vi.waitUntil(() => text !== '');
      vi.advanceTimersByTime(25_000);
      expect(text).toBe(': hi\n\n: keep-alive\n\n: keep-alive\n\n');
      closing.abort();
      await vi.waitUntil(() => stream?.readableEnded);
      expect(vi.getTimerCount()).toBe(0);
      hub.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
