import { expect, test } from 'vitest';
import { pulsed } from '../src/pulse.ts';

const HOUR_MS = 3_600_000;

test('what comes in time comes as it is', async () => {
  const parts = async function* () {
    yield 1;
    yield 2;
  };
  const told: number[] = [];
  for await (const part of pulsed(parts(), HOUR_MS, () => 0)) told.push(part);
  expect(told).toEqual([1, 2]);
});

test('silence is filled for as long as it lasts, and nothing is lost in it', async () => {
  const late = Promise.withResolvers<number>();
  const parts = async function* () {
    yield await late.promise;
  };
  const told: (number | 'pulse')[] = [];
  for await (const part of pulsed<number | 'pulse'>(parts(), 1, () => 'pulse')) {
    told.push(part);
    if (told.length === 3) late.resolve(7);
  }
  expect(told.slice(0, 3)).toEqual(['pulse', 'pulse', 'pulse']);
  expect(told.filter((part) => part !== 'pulse')).toEqual([7]);
});

test('who stops reading stops what is read', async () => {
  let stopped = false;
  const parts = async function* () {
    try {
      yield 1;
      yield 2;
    } finally {
      stopped = true;
    }
  };
  for await (const part of pulsed(parts(), HOUR_MS, () => 0)) if (part === 1) break;
  expect(stopped).toBe(true);
});

test('a failure is passed on', async () => {
  const parts = async function* () {
    yield 1;
    throw new Error('the store is away');
  };
  const told = pulsed(parts(), HOUR_MS, () => 0);
  expect(await told.next()).toEqual({ done: false, value: 1 });
  await expect(told.next()).rejects.toThrow('the store is away');
});
