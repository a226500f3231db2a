import type { RuntimeKind } from '@hearth/core';
import type { Runtime } from './runtime/runtime.ts';

/** The runtimes that this scheduler was set up with, whether or not they answer now. */
export class Runtimes {
  readonly all: readonly Runtime[];

  constructor(all: readonly Runtime[]) {
    this.all = all;
  }

  has(kind: RuntimeKind): boolean {
    return this.all.some((runtime) => runtime.kind === kind);
  }

  /** @throws Error where HEARTH_RUNTIME leaves this one out; nothing is placed on it then. */
  get(kind: RuntimeKind): Runtime {
    const runtime = this.all.find((r) => r.kind === kind);
    if (runtime === undefined) throw new Error(`the ${kind} runtime is not in use (HEARTH_RUNTIME)`);
    return runtime;
  }
}
