import type { PredictionDelta, PredictionNotice } from '@hearth/queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeReport, NOTHING_REPORTED } from '../src/model/merge-report.ts';
import { createDeltaTeller } from '../src/runs/deltas.ts';
import { createWorld, eventually, type World } from './world.ts';

describe('what a run tells of itself', () => {
  /** A run whose files are stored when the test says so. */
  function teller(row = { id: 'p', attempt: 2, output: null as unknown, logs: '' }) {
    const told: PredictionNotice[] = [];
    const storing: (() => void)[] = [];
    const hasFile = (items: unknown[]) => items.some((item) => String(item).startsWith('data:'));
    const outputs = {
      async resolve(items: unknown) {
        if (!Array.isArray(items) || !hasFile(items)) return items;
        await new Promise<void>((resolve) => storing.push(resolve));
        return items.map((item) => String(item).replace('data:', 'http://files/'));
      },
    };
    let merged = NOTHING_REPORTED;
    const deltas = createDeltaTeller(row, () => merged, { outputs, bus: { announce: (notice) => told.push(notice) } });
    return {
      told,
      storing,
      hear: (output: unknown, logs = '') => {
        merged = mergeReport(merged, { status: 'processing', output, logs });
        deltas.tell();
      },
    };
  }
  const delta = (outputsFrom: number, outputs: unknown[], logsFrom = 0, logs = ''): PredictionNotice => {
    const said: PredictionDelta = { attempt: 2, outputs, outputsFrom, logs, logsFrom };
    return { id: 'p', kind: 'delta', delta: said };
  };
  const tick = () => new Promise((resolve) => setImmediate(resolve));

  it('is what each report adds, and nothing where it adds nothing', async () => {
    const { hear, told } = teller();
    hear(['a'], 'one\n');
    await tick();
    hear(['a'], 'one\n');
    await tick();
    hear(['a', 'b', 'c'], 'one\n');
    await tick();
    hear(['a', 'b', 'c'], 'one\ntwo\n');
    await tick();
    expect(told).toEqual([delta(0, ['a'], 0, 'one\n'), delta(1, ['b', 'c'], 4, ''), delta(3, [], 4, 'two\n')]);
  });

  it('is not what comes whole: a text is told at the end', async () => {
    const { hear, told } = teller();
    hear('half a te');
    await tick();
    expect(told).toEqual([]);
  });

  it('names files by their URL, and keeps the order while one is being stored', async () => {
    const { hear, told, storing } = teller();
    hear(['data:1']);
    await tick();
    hear(['data:1', 'b']);
    hear(['data:1', 'b', 'c']);
    await tick();
    expect(told).toEqual([]);
    storing.shift()?.();
    await tick();
    expect(told).toEqual([delta(0, ['http://files/1']), delta(1, ['b', 'c'])]);
  });

  it('goes on from what was stored, where an earlier dispatcher began it', async () => {
    const { hear, told } = teller({ id: 'p', attempt: 2, output: ['a', 'b'], logs: 'x' });
    hear(['a']);
    await tick();
    hear(['a', 'b', 'c'], 'xy');
    await tick();
    expect(told).toEqual([delta(2, ['c'], 1, 'y')]);
  });
});

describe('a running prediction', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  it('is told of as it reports, before that is stored; what is stored is told too', async () => {
    await world.dispatch({ progressMs: 600_000 });
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    const told = (kind: PredictionNotice['kind']) =>
      world.notices.filter((notice) => notice.id === id && notice.kind === kind);
    await call.report({ status: 'processing', output: ['a'], logs: 'x' });
    await eventually(() => expect(told('progress')).toHaveLength(1));
    expect(told('progress')[0]?.extent).toEqual({ attempt: 1, outputs: 1, logs: 1 });
    // The next write is ten minutes away.
    await call.report({ status: 'processing', output: ['a', 'b'], logs: 'xy' });
    await eventually(() =>
      expect(told('delta').map(({ delta }) => delta)).toEqual([
        { attempt: 1, outputs: ['a'], outputsFrom: 0, logs: 'x', logsFrom: 0 },
        { attempt: 1, outputs: ['b'], outputsFrom: 1, logs: 'y', logsFrom: 1 },
      ]),
    );
    expect(await world.get(id)).toMatchObject({ output: ['a'], logs: 'x' });
    await call.report({ status: 'succeeded', output: ['a', 'b', 'c'], logs: 'xyz' });
    await eventually(() => expect(told('finished')).toHaveLength(1));
    // The last report is told by the end itself.
    expect(told('delta')).toHaveLength(2);
  });
});
