import type { RuntimeKind } from '@hearth/core';
import type { Runtime } from './runtime/runtime.ts';

/** The machine that the scheduler runs on. */
export const LOCAL_HOST_ID = 'local';

/** Where an instance runs. */
export interface Place {
  readonly hostId: string;
  readonly runtime: RuntimeKind;
}

/** The runtimes of every host, whether or not they answer now. */
export class Runtimes {
  readonly #byHost = new Map<string, readonly Runtime[]>();

  /** `local`: what HEARTH_RUNTIME leaves in use on this machine. */
  constructor(local: readonly Runtime[]) {
    this.#byHost.set(LOCAL_HOST_ID, local);
  }

  get all(): readonly Runtime[] {
    return [...this.#byHost.values()].flat();
  }

  on(hostId: string): readonly Runtime[] {
    return this.#byHost.get(hostId) ?? [];
  }

  /** Null for one of a host that has left. */
  hostOf(runtime: Runtime): string | null {
    for (const [hostId, runtimes] of this.#byHost) if (runtimes.includes(runtime)) return hostId;
    return null;
  }

  has({ hostId, runtime }: Place): boolean {
    return this.on(hostId).some(({ kind }) => kind === runtime);
  }

  /** @throws Error where the host was removed, or HEARTH_RUNTIME leaves it out; nothing is placed there then. */
  of({ hostId, runtime }: Place): Runtime {
    const found = this.on(hostId).find(({ kind }) => kind === runtime);
    if (found === undefined) throw new Error(`the ${runtime} runtime of host ${hostId} is not in use`);
    return found;
  }

  join(hostId: string, runtimes: readonly Runtime[]): void {
    this.#byHost.set(hostId, runtimes);
  }

  leave(hostId: string): void {
    this.#byHost.delete(hostId);
  }
}
