import type { ChildProcess } from 'node:child_process';
import { hasProc, processFacts, residentBytes, sessionMembers, signalGroup } from './proc.ts';
import type { InstanceFolders, Meta } from './process-folder.ts';
import type { Exit } from './runtime.ts';

const TICK_MS = 250;
/** Who belongs to a session is looked up this often; their memory at every tick. */
const TICKS_PER_LOOKUP = 4;

interface Watched {
  readonly meta: Meta;
  readonly pid: number;
  /** Our own child tells its exit; an adopted one is asked for its life at every tick. */
  readonly adopted: boolean;
  readonly ended: Promise<Exit>;
  readonly end: (exit: Exit) => void;
  members: readonly number[];
  outOfMemory: boolean;
  exit: Exit | null;
}

/** Sees processes end, and ends those that use more memory than they may. */
export class Watch {
  readonly #folders: InstanceFolders;
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<(exit: Exit) => void>();
  #timer: NodeJS.Timeout | null = null;
  #ticks = 0;

  constructor(folders: InstanceFolders) {
    this.#folders = folders;
  }

  own(meta: Meta, pid: number, child: ChildProcess): void {
    const watched = this.#add(meta, pid, false);
    child.once('exit', (exitCode, signal) => this.#ended(watched, exitCode, signal));
  }

  /** One that an earlier scheduler started; a no-op for one that is watched. Resolves when it has ended. */
  adopt(meta: Meta, pid: number): Promise<Exit> {
    return (this.#watched.get(meta.instanceId) ?? this.#add(meta, pid, true)).ended;
  }

  exitOf(instanceId: string): Exit | null {
    return this.#watched.get(instanceId)?.exit ?? null;
  }

  memoryOf(instanceId: string): { memoryBytes: number } | null {
    const watched = this.#watched.get(instanceId);
    return watched === undefined || watched.exit !== null ? null : { memoryBytes: memoryOf(watched) };
  }

  onExit(listener: (exit: Exit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forget(instanceId: string): void {
    this.#watched.delete(instanceId);
    if (this.#watched.size === 0) this.close();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #add(meta: Meta, pid: number, adopted: boolean): Watched {
    const { promise: ended, resolve: end } = Promise.withResolvers<Exit>();
    const watched: Watched = { meta, pid, adopted, ended, end, members: [pid], outOfMemory: false, exit: null };
    this.#watched.set(meta.instanceId, watched);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return watched;
  }

  #tick(): void {
    this.#ticks += 1;
    const lookUp = this.#ticks % TICKS_PER_LOOKUP === 0;
    for (const watched of this.#watched.values()) {
      if (watched.exit !== null) continue;
      if (watched.adopted && !isAlive(watched)) {
        this.#ended(watched, null, null);
        continue;
      }
      if (lookUp) {
        watched.members = hasProc ? sessionMembers(watched.pid) : watched.members;
        // Removed while we looked, or the disk is full: the next look tries again.
        this.#folders.shortenLog(watched.meta.instanceId).catch(() => {});
      }
      if (watched.outOfMemory || memoryOf(watched) <= watched.meta.memoryMiB * 2 ** 20) continue;
      watched.outOfMemory = true;
      signalGroup(watched.pid, 'SIGKILL');
    }
  }

  #ended(watched: Watched, exitCode: number | null, signal: string | null): void {
    const { instanceId, role } = watched.meta;
    const exit: Exit = { instanceId, role, exitCode, signal, outOfMemory: watched.outOfMemory };
    watched.exit = exit;
    watched.end(exit);
    for (const listener of this.#listeners) listener(exit);
  }
}

const isAlive = ({ pid, meta }: Watched): boolean => {
  const facts = processFacts(pid);
  return facts !== null && (meta.startTicks === null || facts.startTicks === meta.startTicks);
};

const memoryOf = ({ members }: Watched): number =>
  members.reduce((sum: number, pid: number) => sum + residentBytes(pid), 0);
