import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { exitReason } from '../src/exit-reason.ts';
import { parseDevices } from '../src/hosts/devices.ts';
import { Loop, nextCycleAt } from '../src/loop.ts';
import { probeDelayMs, setupDeadlineAt } from '../src/readiness.ts';
import { reportIntervalSeconds } from '../src/report-interval.ts';
import { exitOf } from '../src/runtime/docker-container.ts';
import { bootFailureOf } from '../src/runtime/docker-errors.ts';
import { BootFailure, logTailOf } from '../src/runtime/runtime.ts';
import { imageTakesFlags, serverFlags, withFlags } from '../src/server-flags.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the next cycle', () => {
  const settings = { lookAnywayMs: 2_000, spacingMs: 25 };
  const last = { startedAt: 1_000, endedAt: 1_005, wakeAt: null };
  it.each([
    ['the first is due at once', null, false, 1_000],
    ['a poke after quiet is due at once', { ...last, startedAt: 0, endedAt: 1 }, true, 1_000],
    ['a poke right after a cycle waits out the spacing', { ...last, startedAt: 990, endedAt: 992 }, true, 1_015],
    ['a cycle of 3 ms rests for 30', { ...last, startedAt: 990, endedAt: 993 }, true, 1_020],
    ['a long cycle rests for 40 ms at most', { ...last, startedAt: 970, endedAt: 990 }, true, 1_010],
    ['with nothing to do it looks anyway', { ...last, startedAt: 990, endedAt: 995 }, false, 2_995],
    ['wakeAt comes before looking anyway', { startedAt: 990, endedAt: 995, wakeAt: 1_200 }, false, 1_200],
    [
      'a clock that was set back is no reason to wait',
      { startedAt: 9_990, endedAt: 9_995, wakeAt: null },
      false,
      1_000,
    ],
    ['a wakeAt that has passed still keeps the spacing', { startedAt: 990, endedAt: 992, wakeAt: 900 }, false, 1_015],
  ] as const)('%s', (_, before, poked, expected) => {
    expect(nextCycleAt(before, poked, settings, 1_000)).toBe(expected);
  });

  it('never overlaps another, and a storm of pokes during one costs one more', async () => {
    const clock = new VirtualClock();
    let running = 0;
    let most = 0;
    let cycles = 0;
    const gates: PromiseWithResolvers<void>[] = [];
    const cycle = async () => {
      running += 1;
      most = Math.max(most, running);
      cycles += 1;
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      running -= 1;
      return { wakeAt: null };
    };
    const loop = new Loop({ clock, cycle, ...settings });
    for (let n = 0; n < 100; n++) loop.poke();
    gates[0]?.resolve();
    await loop.idle();
    expect(cycles).toBe(1);
    clock.advance(25);
    expect(cycles).toBe(2);
    gates[1]?.resolve();
    await loop.idle();
    clock.advance(1_999);
    expect(cycles).toBe(2);
    clock.advance(1);
    expect(cycles).toBe(3);
    gates[2]?.resolve();
    await loop.close();
    clock.advance(10_000);
    expect([cycles, most]).toEqual([3, 1]);
  });
});

describe('readiness', () => {
  it.each([
    [0, 3],
    [75, 3],
    [250, 10],
    [1_000, 40],
    [12_500, 500],
    [600_000, 500],
  ])('is asked for again %i ms into the boot after %i ms', (elapsed, delay) => {
    expect(probeDelayMs(elapsed)).toBe(delay);
  });
  it.each([
    [0, 200, 150],
    [140, 200, 10],
    [150, 200, 6],
    [0, 60_000, 500],
    [50_000, 60_000, 500],
  ])('is asked for rarely %i ms into a boot that never took less than %i ms', (elapsed, quickest, delay) => {
    expect(probeDelayMs(elapsed, quickest)).toBe(delay);
  });

  it('has a deadline that follows progress, up to twelve times the timeout', () => {
    expect(setupDeadlineAt(0, 0, 1_000)).toBe(1_000);
    expect(setupDeadlineAt(0, 900, 1_000)).toBe(1_900);
    expect(setupDeadlineAt(0, 11_500, 1_000)).toBe(12_000);
  });
});

describe('an exit', () => {
  const exit = { instanceId: 'i', role: 'instance', exitCode: null, signal: null, outOfMemory: false } as const;
  it.each([
    ['beyond its memory', { outOfMemory: true, signal: 'SIGKILL' }, 'oom', 'oom'],
    ['killed from outside', { signal: 'SIGKILL' }, 'lost', 'lost'],
    ['unseen', {}, 'lost', 'lost'],
    ['by a signal', { signal: 'SIGSEGV' }, 'crash', 'crash'],
    ['with a code', { exitCode: 255 }, 'setup_error', 'crash'],
    ['with code 0', { exitCode: 0 }, 'setup_error', 'crash'],
  ] as const)('%s', (_, how, booting, ready) => {
    expect(exitReason({ ...exit, ...how }, 512, true).kind).toBe(booting);
    expect(exitReason({ ...exit, ...how }, 512, false).kind).toBe(ready);
  });

  it('of a container tells a signal from a code', () => {
    expect(exitOf('i', 'instance', 137, false)).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    expect(exitOf('i', 'instance', 139, false)).toMatchObject({ exitCode: null, signal: 'SIGSEGV' });
    expect(exitOf('i', 'instance', 255, false)).toMatchObject({ exitCode: 255, signal: null });
    expect(exitOf('i', 'instance', 1, false)).toMatchObject({ exitCode: 1, signal: null });
  });
});

describe("an engine's error", () => {
  const said = (message: string, facts: { statusCode?: number; code?: string } = {}) =>
    bootFailureOf(Object.assign(new Error(message), facts), 'starting it');
  it.each([
    ['(HTTP code 404) no such container - No such image: ocr:1', 404, 'image_missing'],
    [
      '(HTTP code 500) server error - could not select device driver "nvidia" with capabilities: [[gpu]]',
      500,
      'gpu_lost',
    ],
    ['(HTTP code 500) server error - write /var/lib/docker/x: no space left on device', 500, 'no_space'],
    [
      '(HTTP code 400) - OCI runtime create failed: exec: "nope": executable file not found in $PATH',
      400,
      'setup_error',
    ],
    ['(HTTP code 500) server error - something new', 500, 'lost'],
  ])('%s', (message, statusCode, kind) => {
    expect(said(message, { statusCode })).toMatchObject({ kind });
  });

  it('is a lost engine where nothing answers, and none of its own where it is not from it', () => {
    expect(said('connect ENOENT /var/run/docker.sock', { code: 'ENOENT' })).toMatchObject({ kind: 'lost' });
    expect(said('a bug')).not.toBeInstanceOf(BootFailure);
  });

  it('is told without the wrapping', () => {
    const failure = said('(HTTP code 404) no such container - No such image: ocr:1', { statusCode: 404 });
    expect(failure).toMatchObject({ message: 'No such image: ocr:1' });
  });
});

describe("Cog's flags", () => {
  it('are for servers that know them', () => {
    expect(imageTakesFlags(['python', '-m', 'cog.server.http'], {})).toBe(true);
    expect(imageTakesFlags(['node', 'main.ts'], { 'run.cog.config': '{}' })).toBe(true);
    expect(imageTakesFlags(['node', 'main.ts'], {})).toBe(false);
  });

  it('go behind a command, and inside a shell', () => {
    const flags = serverFlags('http://h/u/', 'predict');
    expect(withFlags(['python', '-m', 'cog.server.http'], flags)).toEqual([
      'python',
      '-m',
      'cog.server.http',
      '--await-explicit-shutdown=true',
      '--upload-url',
      'http://h/u/',
    ]);
    expect(serverFlags(null, 'train')).toEqual(['--await-explicit-shutdown=true', '--x-mode', 'train']);
    expect(withFlags(['/bin/sh', '-c', 'serve'], ["it's"])).toEqual(['/bin/sh', '-c', `serve 'it'\\''s'`]);
  });
});

it('the end of a log has no NUL, no more lines than asked for, and a bounded length', () => {
  expect(logTailOf('a\0\nb\nc\n\n', 2)).toBe('b\nc');
  expect(logTailOf('a\0')).toBe('a');
  expect(logTailOf('x'.repeat(100_000)).length).toBeLessThan(9_000);
});

it("GPUs are read from nvidia-smi's own table", () => {
  expect(parseDevices('GPU-1f, NVIDIA H100 80GB HBM3, 81559\nGPU-2e, NVIDIA L4, 23034\n\n')).toEqual([
    { id: 'GPU-1f', name: 'NVIDIA H100 80GB HBM3', vramMiB: 81_559 },
    { id: 'GPU-2e', name: 'NVIDIA L4', vramMiB: 23_034 },
  ]);
  expect(parseDevices('No devices were found\n')).toEqual([]);
});

it('a bad setting is refused by name, value and what is allowed', () => {
  const env = { DATABASE_URL: 'postgres://u@h/d', HEARTH_RUNTIME: 'podman', DOCKER_HOST: 'ssh://me@there' };
  expect(() => readConfig(env)).toThrow(/HEARTH_RUNTIME is "podman"; allowed: auto, docker, process/);
  expect(() => readConfig(env)).toThrow(/DOCKER_HOST is "ssh:\/\/me@there"; allowed: unix:/);
});

describe('how long a server keeps silent after a report', () => {
  const schema = (Output: unknown) => ({ openapi: '3.0.2', components: { schemas: { Output } } });
  it.each([
    [
      'pieces of a text',
      schema({ type: 'array', 'x-cog-array-type': 'iterator', 'x-cog-array-display': 'concatenate' }),
      0.001,
    ],
    ['files one by one', schema({ type: 'array', items: { format: 'uri' }, 'x-cog-array-type': 'iterator' }), 0.001],
    ['a list at once', schema({ type: 'array', items: { type: 'string' } }), 0.1],
    ['a text', schema({ type: 'string' }), 0.1],
    ['a model that says nothing of its output', {}, 0.1],
    ['no document', null, 0.1],
  ])('%s', (_, openapi, seconds) => {
    expect(reportIntervalSeconds(openapi)).toBe(seconds);
  });
});
