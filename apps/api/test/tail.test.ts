import type { PredictionDelta } from '@hearth/queue';
import { describe, expect, it } from 'vitest';
import { eventsAfter } from '../src/predictions/stream.ts';
import { Tail } from '../src/predictions/tail.ts';
import { aRow as row } from './a-row.ts';

const delta = (outputsFrom: number, outputs: unknown[], logsFrom = 0, logs = '', attempt = 1): PredictionDelta => ({
  attempt,
  outputs,
  outputsFrom,
  logs,
  logsFrom,
});
const tailOf = (...said: (PredictionDelta | ReturnType<typeof row>)[]): Tail => {
  const tail = new Tail();
  for (const one of said) {
    if ('status' in one) tail.hearRow(one);
    else tail.hearDelta(one);
  }
  return tail;
};
const seen = ({ outputs, logs, hasGap }: Tail) => ({ outputs, logs, hasGap });

describe('a tail', () => {
  it('grows by deltas from what the store has, and by the store from what deltas said', () => {
    const tail = tailOf(row({ output: ['a'], logs: '1' }), delta(1, ['b'], 1, '2'), delta(2, ['c', 'd'], 2));
    expect(seen(tail)).toEqual({ outputs: ['a', 'b', 'c', 'd'], logs: '12', hasGap: false });
    tail.hearRow(row({ output: ['a', 'b', 'c', 'd', 'e'], logs: '123' }));
    expect(seen(tail)).toEqual({ outputs: ['a', 'b', 'c', 'd', 'e'], logs: '123', hasGap: false });
  });

  it('takes what it knows already for nothing: a row that is behind, a delta that comes again or overlaps', () => {
    const tail = tailOf(delta(0, ['a', 'b'], 0, '12'), row({ output: ['a'], logs: '1' }));
    tail.hearDelta(delta(0, ['a', 'b'], 0, '12'));
    tail.hearDelta(delta(1, ['b', 'c'], 1, '23'));
    expect(seen(tail)).toEqual({ outputs: ['a', 'b', 'c'], logs: '123', hasGap: false });
  });

  it('keeps what comes after a gap until the store has filled it', () => {
    const tail = tailOf(delta(0, ['a']), delta(2, ['c']), delta(3, ['d']));
    expect(seen(tail)).toEqual({ outputs: ['a'], logs: '', hasGap: true });
    tail.hearRow(row({ output: ['a', 'b'] }));
    expect(seen(tail)).toEqual({ outputs: ['a', 'b', 'c', 'd'], logs: '', hasGap: false });
  });

  it('begins anew with a new attempt, and hears no more of the old one', () => {
    const tail = tailOf(delta(0, ['a', 'b'], 0, 'old'), delta(0, ['x'], 0, 'new', 2));
    tail.hearDelta(delta(2, ['c'], 3, '!', 1));
    tail.hearRow(row({ attempt: 1, output: ['a', 'b', 'c'], logs: 'old!' }));
    expect(seen(tail)).toEqual({ outputs: ['x'], logs: 'new', hasGap: false });
  });

  it('is what the end says it is, and then nothing else', () => {
    const tail = tailOf(delta(0, ['a']), delta(5, ['f']), row({ status: 'succeeded', output: ['a', 'b'], logs: 'l' }));
    tail.hearDelta(delta(2, ['c'], 1, 'm'));
    expect(seen(tail)).toEqual({ outputs: ['a', 'b'], logs: 'l', hasGap: false });
  });

  it('knows whether the store has more', () => {
    const tail = tailOf(delta(0, ['a'], 0, '12'));
    const lacks = (attempt: number, outputs: number, logs: number) => tail.lacks({ attempt, outputs, logs });
    expect([lacks(1, 1, 2), lacks(1, 2, 2), lacks(1, 1, 3), lacks(2, 0, 0), lacks(0, 9, 9)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('comes to the same in whatever order it hears the same things', () => {
    const tokens = Array.from({ length: 30 }, (_, n) => `token ${n}`);
    const said = [
      ...tokens.map((token, n) => delta(n, [token], n, 'l')),
      ...[7, 19, 30].map((count) => row({ output: tokens.slice(0, count), logs: 'l'.repeat(count) })),
    ];
    for (let turn = 0; turn < said.length; turn++) {
      // Every rotation, and every rotation backwards.
      const order = [...said.slice(turn), ...said.slice(0, turn)];
      for (const one of [order, order.toReversed()])
        expect(seen(tailOf(...one))).toEqual({ outputs: tokens, logs: 'l'.repeat(30), hasGap: false });
    }
  });
});

describe('a long history', () => {
  it('comes in pieces that fit together, and never between the halves of a character', () => {
    const logs = '🙂'.repeat(50_000);
    const outputs = Array.from({ length: 5_000 }, (_, n) => `${n} ${'x'.repeat(20)}`);
    const tail = tailOf(row({ status: 'succeeded', output: outputs, logs: `a${logs}` }));
    const got = { logs: '', output: [] as string[] };
    let chunks = 0;
    for (let position = { outputs: 0, logs: 0 }, last = false; !last; chunks++) {
      const next = eventsAfter(tail, position);
      expect(next.events.reduce((chars, { data }) => chars + data.length, 0)).toBeLessThan(64 * 1024);
      for (const { event, data } of next.events) {
        if (event === 'logs') got.logs += Buffer.from(data).toString();
        if (event === 'output') got.output.push(data);
      }
      ({ position, last } = next);
    }
    expect(got.logs).toBe(`a${logs}`);
    expect(got.output).toEqual(outputs);
    expect(chunks).toBeGreaterThan(3);
  });
});
