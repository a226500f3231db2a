import type { Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { Store } from '@hearth/store';
import type { Clock } from './clock.ts';
import { exitReason } from './exit-reason.ts';
import { type Exit, LOG_TAIL_LINES, logTailOf } from './runtime/runtime.ts';
import type { Runtimes } from './runtimes.ts';

/** Whoever boots a server waits for its end as well as for its readiness. */
export interface Expectation {
  /** Resolves when it ends; never, if it does not. */
  readonly exited: Promise<Exit>;
  /** Ends the waiting. Answers an exit that came meanwhile: nobody else was told of it. */
  release(): Exit | null;
}

interface Waiting {
  readonly resolve: (exit: Exit) => void;
  exit: Exit | null;
}

/** Tells each exit to the one who expects it; to `otherwise` where nobody does. */
export class Exits {
  readonly #waiting = new Map<string, Waiting>();
  readonly #otherwise: (exit: Exit) => void;

  constructor(otherwise: (exit: Exit) => void) {
    this.#otherwise = otherwise;
  }

  expect(instanceId: string): Expectation {
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    const waiting: Waiting = { resolve, exit: null };
    this.#waiting.set(instanceId, waiting);
    return {
      exited,
      release: () => {
        if (this.#waiting.get(instanceId) === waiting) this.#waiting.delete(instanceId);
        return waiting.exit;
      },
    };
  }

  happened(exit: Exit): void {
    const waiting = this.#waiting.get(exit.instanceId);
    if (waiting === undefined) return this.#otherwise(exit);
    waiting.exit ??= exit;
    waiting.resolve(exit);
  }
}

export interface ExitDeps {
  readonly store: Store;
  readonly runtimes: Runtimes;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts the end of an instance that was up. */
  readonly ended: (kind: string) => void;
}

/**
 * An instance that was up has ended by itself: its row says why, with the end of its log, and what is left of it goes.
 * One that is being stopped has ended as it should; one without a row is swept up by the reconciliation.
 */
export async function settleExit(exit: Exit, deps: ExitDeps): Promise<void> {
  const { store, runtimes, bus, clock, log, ended } = deps;
  const row = await store.instances.get(exit.instanceId);
  if (row === null || (row.state !== 'ready' && row.state !== 'draining')) return;
  const runtime = runtimes.of(row);
  const logTail = logTailOf(await runtime.logs(row.id, LOG_TAIL_LINES));
  const { kind, message } = exitReason(exit, row.memoryMiB, false);
  const at = clock.now();
  const failure = { kind, phase: null, message, logTail, exitCode: exit.exitCode, at };
  const failed = await store.instances.move(row.id, row.state, 'vanished', { at, reason: message, failure });
  // It was told to drain meanwhile. What is left of it is all that says why it ended, and stays until its row does.
  if (failed === null) return settleExit(exit, deps);
  ended(kind);
  log.warn({ instanceId: row.id, deploymentId: row.deploymentId, kind, exitCode: exit.exitCode }, `failed: ${message}`);
  bus.poke('dispatcher');
  bus.poke('scheduler');
  await runtime.stop(row.id, { address: null, graceMs: 0 });
}
