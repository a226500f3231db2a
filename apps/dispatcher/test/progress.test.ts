import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgressWriter } from '../src/runs/progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Writes that end when the test says so. */
function writes() {
  const open: (() => void)[] = [];
  const write = vi.fn(() => new Promise<void>((resolve) => open.push(resolve)));
  const endOne = async () => {
    open.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { write, endOne };
}

it('writes at once, then one at a time and not closer than the spacing, however much is new', async () => {
  const { write, endOne } = writes();
  const progress = createProgressWriter(write, 75);
  progress.trigger();
  expect(write).toHaveBeenCalledTimes(1);
  for (let n = 0; n < 10; n++) progress.trigger();
  await vi.advanceTimersByTimeAsync(500);
  expect(write).toHaveBeenCalledTimes(1);
  await endOne();
  await vi.advanceTimersByTimeAsync(74);
  expect(write).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(write).toHaveBeenCalledTimes(2);
  await endOne();
  await vi.advanceTimersByTimeAsync(500);
  expect(write).toHaveBeenCalledTimes(2);
});

it('stops: waits for the write in flight and starts no other', async () => {
  const { write, endOne } = writes();
  const progress = createProgressWriter(write, 75);
  progress.trigger();
  progress.trigger();
  let stopped = false;
  const stopping = progress.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(500);
  expect(stopped).toBe(false);
  await endOne();
  await stopping;
  progress.trigger();
  await vi.advanceTimersByTimeAsync(500);
  expect(write).toHaveBeenCalledTimes(1);
});
