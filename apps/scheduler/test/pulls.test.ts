import { setImmediate } from 'node:timers/promises';
import type { PullProgress } from '@hearth/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Pulls } from '../src/pulls.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { VirtualClock } from './virtual-clock.ts';

const IMAGE = 'registry.example/ocr@sha256:1';
const BYTES = 10;

let clock: VirtualClock;
let runtime: FakeRuntime;
let brought: string[];
let pulls: Pulls;
beforeEach(() => {
  clock = new VirtualClock();
  runtime = new FakeRuntime('docker', clock);
  runtime.define(IMAGE, { setupMs: 1, setup: 'ok', pullBytes: BYTES });
  brought = [];
  pulls = new Pulls({
    clock,
    brought: async (_runtime, image, { sizeBytes }) => {
      brought.push(`${image} ${sizeBytes}`);
    },
  });
});

/** One who waits for the image. */
function waiter(on = runtime) {
  const leaving = new AbortController();
  const seen: PullProgress[] = [];
  const done = pulls.pull(on, IMAGE, leaving.signal, (progress) => seen.push(progress));
  const outcome = done.then(
    () => 'there',
    (error: unknown) => (error as Error).message,
  );
  return { outcome, seen, leave: () => leaving.abort(new Error('left')) };
}

/** Lets `bytes` of them come. */
async function come(bytes: number): Promise<void> {
  for (let n = 0; n < bytes; n++) {
    await setImmediate();
    clock.advance(1);
  }
  await setImmediate();
}

describe('pulls of one image to one host', () => {
  it('are one pull, of which everybody hears, and whoever comes late at once', async () => {
    const first = waiter();
    await come(4);
    const late = waiter();
    expect(late.seen).toEqual([first.seen.at(-1)]);
    await come(BYTES);
    expect(await Promise.all([first.outcome, late.outcome])).toEqual(['there', 'there']);
    expect(runtime.pulled).toEqual([IMAGE]);
    expect(late.seen.at(-1)).toEqual({ bytes: BYTES, totalBytes: BYTES });
    expect(brought).toEqual([`${IMAGE} ${BYTES}`]);
  });

  it('go on when one who waits leaves', async () => {
    const [first, second] = [waiter(), waiter()];
    await come(3);
    first.leave();
    await come(BYTES);
    expect([await first.outcome, await second.outcome]).toEqual(['left', 'there']);
  });

  it('end when nobody waits any more, and begin anew for the next', async () => {
    const first = waiter();
    await come(3);
    first.leave();
    expect(await first.outcome).toBe('left');
    await come(BYTES);
    expect(runtime.pulled).toEqual([]);
    const next = waiter();
    expect(next.seen).toEqual([]);
    await come(BYTES + 1);
    expect(await next.outcome).toBe('there');
    expect(runtime.pulled).toEqual([IMAGE]);
  });

  it('fail for everybody, and are tried again by who comes after', async () => {
    const nowhere = new FakeRuntime('docker', clock);
    const [first, second] = [waiter(nowhere), waiter(nowhere)];
    expect(await first.outcome).toContain('in no registry');
    expect(await second.outcome).toContain('in no registry');
    nowhere.define(IMAGE, { setupMs: 1, setup: 'ok', pullBytes: 1 });
    const next = waiter(nowhere);
    await come(3);
    expect(await next.outcome).toBe('there');
  });
});

it('pulls to two hosts are two', async () => {
  const other = new FakeRuntime('docker', clock);
  other.define(IMAGE, { setupMs: 1, setup: 'ok', pullBytes: BYTES });
  const [here, there] = [waiter(), waiter(other)];
  await come(BYTES + 1);
  expect([await here.outcome, await there.outcome]).toEqual(['there', 'there']);
  expect([runtime.pulled, other.pulled]).toEqual([[IMAGE], [IMAGE]]);
});

it('what was there under another name was not brought', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  runtime.publish('registry.example/ocr:latest', digest, {});
  runtime.define(digest, { setupMs: 1, setup: 'ok' });
  await pulls.pull(runtime, 'registry.example/ocr:latest', new AbortController().signal);
  expect(brought).toEqual([]);
});
