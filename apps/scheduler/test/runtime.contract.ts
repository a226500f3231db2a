import type { BootPhase } from '@hearth/core';
import { newId, systemNow } from '@hearth/kit';
import type { VersionSource } from '@hearth/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../src/clock.ts';
import { exitReason } from '../src/exit-reason.ts';
import { Exits } from '../src/exits.ts';
import { Pulls } from '../src/pulls.ts';
import { type ReadHealth, throwIfSetupFailed } from '../src/readiness.ts';
import { BootFailure, type BootSpec, type Exit, type Role, type Runtime } from '../src/runtime/runtime.ts';
import { awaitServer, launch } from '../src/server-boot.ts';

type Behaviour = 'ok' | 'fail' | 'exit' | 'oom' | 'hang';

/** One adapter under test. */
export interface Adapter {
  /** Of one installation; several at once share their instances, as schedulers one after the other do. */
  connect(installation: string): Promise<Runtime> | Runtime;
  readonly clock: Clock;
  readonly readHealth: ReadHealth;
  /** A server that behaves so, and the environment that makes it. */
  model(behaviour: Behaviour): { source: VersionSource; env: Record<string, string> };
  /** A source that is not on this machine. */
  readonly missing: VersionSource;
  /** Makes a ready server end by itself with code 7. */
  crash(instanceId: string, address: string): Promise<void>;
  /** SIGKILL from outside. */
  kill(instanceId: string): Promise<void>;
  /** What an outsider still sees of an installation: containers, processes, folders. */
  leftovers(installation: string): Promise<string[]>;
  /** Lets waiting things happen; in real time that is nothing. */
  settle(): void;
}

const MEMORY_MIB = 256;

/** What every runtime keeps to; run on each of them. */
export function runtimeContract(name: string, adapter: () => Adapter): void {
  describe(`runtime contract: ${name}`, () => {
    let installation: string;
    let runtime: Runtime;
    let exits: Exits;
    let seen: Exit[];
    let nextExit: PromiseWithResolvers<Exit>;
    const opened: Runtime[] = [];

    const watch = (watched: Runtime): void => {
      opened.push(watched);
      watched.events({ exited: (exit) => exits.happened(exit), gap: () => {} });
    };
    beforeEach(async () => {
      installation = newId(systemNow());
      seen = [];
      nextExit = Promise.withResolvers();
      exits = new Exits((exit) => {
        seen.push(exit);
        nextExit.resolve(exit);
      });
      runtime = await adapter().connect(installation);
      watch(runtime);
    });
    afterEach(async () => {
      for (const { instanceId } of await runtime.list()) await runtime.stop(instanceId, { address: null, graceMs: 0 });
      for (const each of opened.splice(0)) await each.close();
      expect(await adapter().leftovers(installation)).toEqual([]);
    });

    const specOf = (behaviour: Behaviour, role: Role = 'instance'): BootSpec => ({
      ...adapter().model(behaviour),
      instanceId: newId(systemNow()),
      deploymentId: 'deployment',
      role,
      mode: 'predict',
      uploadUrl: null,
      memoryMiB: MEMORY_MIB,
      cpus: 0,
      deviceIds: [],
    });
    const untilReady = async (spec: BootSpec, phases: BootPhase[] = [], setupTimeoutMs = 20_000) => {
      const expectation = exits.expect(spec.instanceId);
      const { clock, readHealth } = adapter();
      const { signal } = new AbortController();
      try {
        const onPhase = (phase: BootPhase): void => void phases.push(phase);
        const { address } = await launch({ runtime, spec, pulls: new Pulls({ clock }), signal, onPhase });
        const ready = awaitServer({
          runtime,
          clock,
          instanceId: spec.instanceId,
          memoryMiB: spec.memoryMiB,
          startedAt: clock.now(),
          setupTimeoutMs,
          exited: expectation.exited,
          signal,
          probe: async (signal) => {
            const health = await readHealth(address, signal);
            throwIfSetupFailed(health);
            adapter().settle();
            return health?.status === 'READY' ? true : null;
          },
        });
        await ready;
        return address;
      } finally {
        expectation.release();
      }
    };
    const failureOf = async (spec: BootSpec, setupTimeoutMs?: number): Promise<BootFailure> => {
      const error: unknown = await untilReady(spec, [], setupTimeoutMs).then(
        () => new Error('it became ready'),
        (thrown: unknown) => thrown,
      );
      if (error instanceof BootFailure) return error;
      throw error;
    };

    it('boots a server, through its phases, to an address that answers', async () => {
      const spec = specOf('ok');
      const phases: BootPhase[] = [];
      const address = await untilReady(spec, phases);
      expect(phases).toEqual(['create', 'start']);
      expect(await runtime.list()).toEqual([{ instanceId: spec.instanceId, role: 'instance', address, exit: null }]);
      expect((await runtime.stats(spec.instanceId))?.memoryBytes).toBeGreaterThan(0);
    });

    it('stops one that ignores SIGTERM, and stopping again is no error', async () => {
      const spec = specOf('ok');
      const address = await untilReady(spec);
      await runtime.stop(spec.instanceId, { address, graceMs: 1_000 });
      expect(await runtime.list()).toEqual([]);
      expect(await runtime.stats(spec.instanceId)).toBeNull();
      await runtime.stop(spec.instanceId, { address, graceMs: 1_000 });
    });

    it('reads the last lines back, and marks that there are new ones', async () => {
      const spec = specOf('ok');
      const before = await runtime.logMark(spec.instanceId);
      await untilReady(spec);
      expect(await runtime.logs(spec.instanceId, 1)).toBe('setup: ok');
      expect(await runtime.logMark(spec.instanceId)).not.toBe(before);
    });

    it('tells a setup that failed, with its log', async () => {
      const failure = await failureOf(specOf('fail'));
      expect(failure).toMatchObject({ kind: 'setup_error' });
      expect(failure.logTail).not.toBe('');
    });

    it('tells a server that ended before it was ready, with exit code and log', async () => {
      const failure = await failureOf(specOf('exit'));
      expect(failure).toMatchObject({ kind: 'setup_error', exitCode: 3 });
      expect(failure.logTail).toContain('setup: exit');
    });

    it('ends a server that uses more memory than it may', async () => {
      expect(await failureOf(specOf('oom'))).toMatchObject({ kind: 'oom' });
    });

    it('gives up on a setup that never ends and prints nothing', async () => {
      const failure = await failureOf(specOf('hang'), 1_500);
      expect(failure.kind).toBe('timeout');
    });

    it('refuses what is not on this machine, and leaves nothing', async () => {
      const missing = { ...specOf('ok'), source: adapter().missing };
      expect((await failureOf(missing)).message).toMatch(/not on this host|no folder|no registry/);
      expect(await runtime.list()).toEqual([]);
    });

    it('tells of a ready server that ends by itself: a crash', async () => {
      const spec = specOf('ok');
      await adapter().crash(spec.instanceId, await untilReady(spec));
      const exit = await nextExit.promise;
      expect(exit).toEqual({
        instanceId: spec.instanceId,
        role: 'instance',
        exitCode: 7,
        signal: null,
        outOfMemory: false,
      });
      expect(exitReason(exit, MEMORY_MIB, false).kind).toBe('crash');
      expect((await runtime.list())[0]?.exit).toEqual(exit);
    });

    it('tells of a ready server that was killed from outside: lost', async () => {
      const spec = specOf('ok');
      await untilReady(spec);
      await adapter().kill(spec.instanceId);
      expect(exitReason(await nextExit.promise, MEMORY_MIB, false).kind).toBe('lost');
    });

    it('is found again by the scheduler that comes after', async () => {
      const spec = specOf('ok');
      const address = await untilReady(spec);
      await runtime.close();
      const later = await adapter().connect(installation);
      watch(later);
      expect(await later.list()).toEqual([{ instanceId: spec.instanceId, role: 'instance', address, exit: null }]);
      await adapter().kill(spec.instanceId);
      expect((await nextExit.promise).instanceId).toBe(spec.instanceId);
      await later.stop(spec.instanceId, { address, graceMs: 1_000 });
      expect(await later.list()).toEqual([]);
    });

    it('leaves the instances of another installation alone', async () => {
      const spec = specOf('ok', 'inspection');
      await untilReady(spec);
      const other = await adapter().connect(newId(systemNow()));
      opened.push(other);
      expect(await other.list()).toEqual([]);
      expect(await runtime.list()).toMatchObject([{ instanceId: spec.instanceId, role: 'inspection' }]);
    });
  });
}
