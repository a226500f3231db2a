import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { PullProgress } from '@hearth/core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Pulls } from '../src/pulls.ts';
import { copiedImage, copyName } from '../src/runtime/copy-name.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { BootFailure, type Runtime } from '../src/runtime/runtime.ts';
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

describe('what no registry gives', () => {
  const BUILT = `sha256:${'b'.repeat(64)}`;
  const { signal } = new AbortController();
  let builder: FakeRuntime;
  let holders: Runtime[];
  beforeEach(() => {
    builder = new FakeRuntime('docker', clock, 'builder');
    builder.define(BUILT, { setupMs: 1, setup: 'ok' }, { sizeBytes: 7 });
    holders = [builder];
    pulls = new Pulls({
      clock,
      holder: async () => holders[0] ?? null,
      brought: async (_runtime, image) => {
        brought.push(image);
      },
    });
  });

  it('is copied from a host that has it, once for all who wait, and is known as brought', async () => {
    const seen: PullProgress[] = [];
    const waiting = [1, 2, 3].map(() => pulls.pull(runtime, BUILT, signal, (progress) => seen.push(progress)));
    await Promise.all(waiting);
    expect(runtime.loaded).toEqual([BUILT]);
    expect(await runtime.images()).toContain(BUILT);
    expect(seen.at(-1)).toEqual({ bytes: 7, totalBytes: 7 });
    expect(brought).toEqual([BUILT]);
  });

  it('fails in words where nobody has it, or who had it lost it meanwhile', async () => {
    await builder.removeImage(BUILT);
    await expect(pulls.pull(runtime, BUILT, signal)).rejects.toThrow('gone from the host that had it');
    holders = [];
    await expect(pulls.pull(runtime, BUILT, signal)).rejects.toThrow('in no registry');
  });

  it('fails where the tar breaks off, with what broke it, and is tried anew by the next', async () => {
    const save = builder.save.bind(builder);
    builder.save = async () =>
      new Readable({
        read() {
          this.destroy(new Error('read ECONNRESET'));
        },
      });
    await expect(pulls.pull(runtime, BUILT, signal)).rejects.toThrow(/from another host broke off: read ECONNRESET/);
    builder.save = save;
    await pulls.pull(runtime, BUILT, signal);
    expect(runtime.loaded).toEqual([BUILT]);
  });

  it('ends on both sides when the other refuses it, or nobody waits any more', async () => {
    const endless = (): Readable => new Readable({ read: () => {} });
    let tar = endless();
    builder.save = async () => tar;
    const load = runtime.load.bind(runtime);
    runtime.load = async () => {
      throw new BootFailure('no_space', 'no space left on device');
    };
    await expect(pulls.pull(runtime, BUILT, signal)).rejects.toThrow('no space left on device');
    expect(tar.destroyed).toBe(true);
    runtime.load = load;
    tar = endless();
    const leaving = new AbortController();
    const left = pulls.pull(runtime, BUILT, leaving.signal);
    await come(1);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await vi.waitFor(() => expect(tar.destroyed).toBe(true));
  });
});

it.each([
  [`sha256:${'a'.repeat(64)}`, 'hearth-copy'],
  [`ocr@sha256:${'a'.repeat(64)}`, 'ocr'],
  [`localhost:5000/ada/ocr@sha256:${'a'.repeat(64)}`, 'localhost:5000/ada/ocr'],
])('a copy of %s has a name that tells what it is a copy of', (image, repo) => {
  const name = copyName(image);
  expect(name).toEqual({ repo, tag: `sha256-${'a'.repeat(64)}` });
  expect(copiedImage(`${name?.repo}:${name?.tag}`)).toBe(image);
});

it.each(['ocr', 'ocr:1', 'ocr:sha256-1', `ocr:sha256-${'a'.repeat(64)}.sig`])('%s is no copy, nor pinned', (name) => {
  expect([copyName(name), copiedImage(name)]).toEqual([null, null]);
});
