import type { PullProgress } from '@hearth/core';
import { describe, expect, it } from 'vitest';
import { PullNotes } from '../src/pull-notes.ts';
import { PullLayers } from '../src/runtime/pull-layers.ts';
import { VirtualClock } from './virtual-clock.ts';

type Line = readonly [id: string, status: string, current?: number, total?: number];
/** What each line of an engine's account came to. */
function told(...lines: readonly Line[]) {
  const layers = new PullLayers();
  const moved = lines.map(([id, status, current, total]) =>
    layers.note({
      id,
      status,
      ...(current !== undefined && { progressDetail: { current, ...(total !== undefined && { total }) } }),
    }),
  );
  return { moved, ...layers.progress() };
}

describe('the layers of a pull', () => {
  it('have a total once each has said its own', () => {
    const first: Line[] = [
      ['latest', 'Pulling from library/debian'],
      ['a', 'Pulling fs layer'],
      ['b', 'Pulling fs layer'],
      ['b', 'Waiting'],
      ['a', 'Downloading', 30, 100],
    ];
    expect(told(...first)).toMatchObject({ bytes: 30, totalBytes: null });
    expect(told(...first, ['b', 'Downloading', 5, 900])).toMatchObject({ bytes: 35, totalBytes: 1_000 });
  });

  it('count one that is here as no work, and one that is done as all of it', () => {
    const lines: Line[] = [
      ['old', 'Already exists'],
      ['tiny', 'Pulling fs layer'],
      ['tiny', 'Download complete'],
      ['big', 'Downloading', 30, 100],
      ['big', 'Verifying Checksum'],
      ['big', 'Extracting', 1, 100],
    ];
    expect(told(...lines)).toMatchObject({ bytes: 100, totalBytes: 100 });
  });

  it('move while they are unpacked, and not at a retry or by being told of again', () => {
    const lines: Line[] = [
      ['a', 'Downloading', 10, 100],
      ['a', 'Downloading', 10, 100],
      ['a', 'Retrying in 5 seconds'],
      ['a', 'Downloading', 20, 100],
      ['a', 'Download complete'],
      ['a', 'Extracting', 1, 100],
      ['a', 'Extracting', 2, 100],
      ['a', 'Extracting', 2, 100],
      ['a', 'Pull complete'],
    ];
    expect(told(...lines).moved).toEqual([true, false, false, true, true, true, true, false, true]);
  });

  it('know nothing of an account without layers', () => {
    expect(told(['latest', 'Pulling from library/debian'])).toEqual({ moved: [false], bytes: 0, totalBytes: null });
  });
});

it('how far a pull is is written twice a second at most, the newest last', () => {
  const clock = new VirtualClock();
  const written: [at: number, bytes: number][] = [];
  const begun = clock.now();
  const notes = new PullNotes(clock, ({ bytes }: PullProgress) => written.push([clock.now() - begun, bytes]));
  for (let bytes = 1; bytes <= 12; bytes++) {
    notes.note({ bytes, totalBytes: null });
    clock.advance(100);
  }
  clock.advance(5_000);
  expect(written).toEqual([
    [0, 1],
    [500, 5],
    [1_000, 10],
    [1_500, 12],
  ]);
  notes.note({ bytes: 20, totalBytes: null });
  notes.note({ bytes: 21, totalBytes: null });
  notes.close();
  clock.advance(5_000);
  expect(written.at(-1)).toEqual([6_200, 20]);
});
