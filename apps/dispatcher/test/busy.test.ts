import { createLogger } from '@hearth/kit';
import { expect, test, vi } from 'vitest';
import { createBusyMeter } from '../src/intake/busy.ts';

const log = createLogger({ room: 'test', level: 'silent' });

/** A store that keeps what it is told, or throws while it is away. */
function open() {
  const told: unknown[] = [];
  const state = { now: 0, away: false };
  const history = {
    addBusy: async (spans: readonly unknown[]) => {
      if (state.away) throw new Error('the store is away');
      told.push(...spans);
    },
  };
  const meter = createBusyMeter({ history }, log, { now: () => state.now, everyMs: 1_000 });
  return { meter, told, state };
}

test('what runs on is told piece by piece, what is over to its end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { meter, told, state } = open();
    meter.began('a');
    meter.began('b');
    state.now = 400;
    meter.ended('b');
    state.now = 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([
      { instanceId: 'b', span: [0, 400] },
      { instanceId: 'a', span: [0, 1_000] },
    ]);
    state.now = 1_700;
    await meter.close();
    expect(told.slice(2)).toEqual([{ instanceId: 'a', span: [1_000, 1_700] }]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('what could not be written is told again', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const { meter, told, state } = open();
    meter.began('a');
    state.now = 500;
    state.away = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    state.away = false;
    meter.ended('a');
    await meter.close();
    expect(told).toEqual([{ instanceId: 'a', span: [0, 500] }]);
  } finally {
    vi.useRealTimers();
  }
});
