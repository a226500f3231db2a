import { readStreamEvents, writeStreamEvent } from '@hearth/contract';
import { readRange } from '@hearth/files';
import type { PredictionRow } from '@hearth/store';
import { describe, expect, it } from 'vitest';
import { readCancelAfter, readPrefer } from '../src/predictions/request-headers.ts';
import { eventsAfter, readPosition, type StreamPosition } from '../src/predictions/stream.ts';
import { stringsIn } from '../src/predictions/strings.ts';
import { Tail } from '../src/predictions/tail.ts';
import { createTtlCache } from '../src/ttl-cache.ts';
import { aRow } from './a-row.ts';

describe('Prefer', () => {
  it.each([
    [undefined, null],
    ['respond-async', null],
    ['waiting', null],
    ['wait', { holdMs: 59_000, applied: 'wait' }],
    ['wait=1', { holdMs: 600, applied: 'wait=1' }],
    ['WAIT = 5', { holdMs: 4_600, applied: 'wait=5' }],
    ['respond-async, wait=5', { holdMs: 4_600, applied: 'wait=5' }],
    ['wait=600', { holdMs: 59_600, applied: 'wait=60' }],
    ['wait=0', { holdMs: 600, applied: 'wait=1' }],
    ['wait=0.5', { holdMs: 600, applied: 'wait=1' }],
    ['wait=2.1', { holdMs: 2_600, applied: 'wait=3' }],
    ['wait="7"', { holdMs: 6_600, applied: 'wait=7' }],
    ['handling=lenient; a=b, wait=9;c, respond-async', { holdMs: 8_600, applied: 'wait=9' }],
    ['wait=4, wait=8', { holdMs: 3_600, applied: 'wait=4' }],
    [['respond-async', 'wait=6'], { holdMs: 5_600, applied: 'wait=6' }],
    ['wait=soon', null],
    ['wait=-1', null],
    ['', null],
  ])('%s', (header, hold) => {
    expect(readPrefer(header)).toEqual(hold);
  });
});

describe('Cancel-After', () => {
  it.each([
    [undefined, null],
    ['30', 30_000],
    ['30s', 30_000],
    ['5s', 5_000],
    ['5', 5_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1h30m45s', 5_445_000],
    ['30d', 2_592_000_000],
  ])('%s', (header, ms) => {
    expect(readCancelAfter(header)).toBe(ms);
  });
  it.each(['4', '4s', '4999ms', 'soon', '-5', '', '5m30', '30d1s', '99999999d'])(
    'refuses "%s" by its name',
    (header) => {
      expect(() => readCancelAfter(header)).toThrow(/Cancel-After/);
    },
  );
});

describe('Range', () => {
  it.each([
    [undefined, null],
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-30', { start: 0, end: 9 }],
    ['bytes=5-100', { start: 5, end: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', null],
    ['bytes=0-1,3-4', null],
    ['items=0-1', null],
  ])('%s of ten bytes', (header, range) => {
    expect(readRange(header, 10)).toEqual(range);
  });
});

const base = aRow();
const nothing = { outputs: 0, logs: 0 };
const eventsSince = (row: PredictionRow, from: StreamPosition) => {
  const tail = new Tail();
  tail.hearRow(row);
  return eventsAfter(tail, from);
};

describe('the events of a stream', () => {
  it('are what the row has and the reader has not', () => {
    const row = { ...base, output: ['a', 'b'], logs: 'one\n' };
    const first = eventsSince(row, nothing);
    expect(first.events).toEqual([
      { event: 'logs', data: 'one\n', id: '0:4' },
      { event: 'output', data: 'a', id: '1:4' },
      { event: 'output', data: 'b', id: '2:4' },
    ]);
    const grown = { ...row, output: ['a', 'b', 'c'], logs: 'one\ntwo\n' };
    expect(eventsSince(grown, first.position).events).toEqual([
      { event: 'logs', data: 'two\n', id: '2:8' },
      { event: 'output', data: 'c', id: '3:8' },
    ]);
    expect(eventsSince(grown, { outputs: 3, logs: 8 }).events).toEqual([]);
  });

  it('resume at any id', () => {
    const row = { ...base, status: 'succeeded' as const, output: ['a', 'b', 'c'], logs: 'xyz' };
    const all = eventsSince(row, nothing).events;
    for (const [at, event] of all.entries()) {
      if (event.event !== 'done') expect(eventsSince(row, readPosition(event.id)).events).toEqual(all.slice(at + 1));
    }
  });

  it('hold a single output back until the end', () => {
    const row = { ...base, output: 'half' };
    expect(eventsSince(row, nothing).events).toEqual([]);
    expect(eventsSince({ ...row, status: 'succeeded', output: { whole: true } }, nothing).events).toEqual([
      { event: 'output', data: '{"whole":true}', id: '1:0' },
      { event: 'done', data: '{}', id: '1:0' },
    ]);
  });

  it('say why it ended', () => {
    expect(eventsSince({ ...base, status: 'failed', error: 'boom' }, nothing).events).toEqual([
      { event: 'error', data: '{"detail":"boom"}', id: '0:0' },
      { event: 'done', data: '{"reason":"error"}', id: '0:0' },
    ]);
    const canceled = [{ event: 'done', data: '{"reason":"canceled"}', id: '0:0' }];
    expect(eventsSince({ ...base, status: 'canceled' }, nothing).events).toEqual(canceled);
    expect(eventsSince({ ...base, status: 'aborted' }, nothing).events).toEqual(canceled);
  });

  it('are not sent twice when a lost attempt begins anew', () => {
    expect(eventsSince({ ...base, output: ['a'], logs: 'o' }, { outputs: 2, logs: 4 }).events).toEqual([]);
  });

  it('survive the wire, newlines and all', async () => {
    const events = [
      { event: 'output', id: '1:0', data: ' two\nlines\n' },
      { event: 'output', id: '2:0', data: '' },
      { event: 'done', id: '2:0', data: '{}' },
    ] as const;
    const text = `: hi\n\n${events.map(writeStreamEvent).join(': keep-alive\n\n')}`;
    const bytes = Buffer.from(text);
    async function* inPieces() {
      for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
    }
    const read = [];
    for await (const event of readStreamEvents(inPieces())) read.push(event);
    expect(read).toEqual(events);
  });
});

describe('the short-lived cache', () => {
  const setup = () => {
    let now = 0;
    let loads = 0;
    const cache = createTtlCache<number | null>({ ttlMs: 10, max: 2, now: () => now });
    const load = async () => ++loads;
    return { cache, load, loads: () => loads, at: (ms: number) => (now = ms) };
  };

  it('loads once for those who ask at once, and again when the time is over', async () => {
    const { cache, load, loads, at } = setup();
    expect(await Promise.all([cache.get('a', load), cache.get('a', load)])).toEqual([1, 1]);
    at(9);
    await cache.get('a', load);
    expect(loads()).toBe(1);
    at(10);
    expect(await cache.get('a', load)).toBe(2);
  });

  it('keeps neither failures nor nulls', async () => {
    const { cache, load } = setup();
    await expect(cache.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await cache.get('a', async () => null)).toBeNull();
    expect(await cache.get('a', load)).toBe(1);
  });

  it('drops the oldest', async () => {
    const { cache, load, loads } = setup();
    for (const key of ['a', 'b', 'c', 'b']) await cache.get(key, load);
    expect(loads()).toBe(3);
    await cache.get('a', load);
    expect(loads()).toBe(4);
  });
});

describe('strings of an input', () => {
  it('are found with their paths', () => {
    const found = stringsIn({ a: 'x', b: [{ c: 'y' }], d: 1, e: null });
    expect(new Set(found)).toEqual(
      new Set([
        { path: 'input.a', text: 'x' },
        { path: 'input.b.0.c', text: 'y' },
      ]),
    );
  });

  it('are not looked for without end', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    expect(() => stringsIn({ deep })).toThrow('is nested deeper than 64 levels');
  });

  it('stand among no number that JSON can write and nothing can hold', () => {
    expect(() => stringsIn(JSON.parse('{"a":{"b":[1,-1e400]}}'))).toThrow(
      '- input.a.b.1: is larger than a number can be',
    );
  });
});
