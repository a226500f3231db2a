import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repositoryRoot } from '../repository.ts';
import type { HeldSocket } from './held-socket.ts';
import type { End } from './life.ts';
import { openLogFile } from './log-file.ts';
import { consoleLine, type LogLevel } from './log-line.ts';
import type { Progress } from './progress.ts';
import { type Death, SuccessorEnded, supervise } from './supervise.ts';

/** A server of Hearth as `up` runs it. */
export interface Room {
  readonly name: 'api' | 'scheduler' | 'dispatcher';
  readonly healthUrl: string;
  /** What it listens on from one process to the next; null where each opens its own. */
  readonly socket: HeldSocket | null;
}

export interface RunningRoom {
  readonly room: Room;
  /** Puts a new process in the place of the present one without a gap. @throws Error that names the log where it does not come up */
  restart(signal: AbortSignal): Promise<void>;
  /** Rejects when it dies again and again instead of coming up. */
  healthy(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  kill(): void;
}

const HEALTH_EVERY_MS = 50;
const HEALTH_PATIENCE_MS = 60_000;
/** Deaths by signal in a row that make a first start hopeless. One by itself is enough: a bad setting, which the log names. */
const HOPELESS_DEATHS = 3;

export interface RoomOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly logsFolder: string;
  readonly logLevel: LogLevel;
  readonly progress: Progress;
}

/** Starts a server and keeps it running. Its log goes to a file; warnings and errors also to the console. */
export function startRoom(room: Room, { env, logsFolder, logLevel, progress }: RoomOptions): RunningRoom {
  const log = openLogFile(logsFolder, room.name, (line) => {
    const shown = consoleLine(room.name, line, logLevel);
    if (shown !== null) progress.line(shown);
  });
  let lastDeath: Death | null = null;
  let cameUp = false;
  const child = supervise(
    () => spawnRoom(room, env, log.fd),
    (death) => {
      lastDeath = death;
      log.look();
      if (cameUp)
        progress.line(
          `${room.name} ${wordsFor(death)}; starting it again in ${death.restartInMs} ms (log: ${log.path})`,
        );
    },
  );
  const healthy = async (signal: AbortSignal): Promise<void> => {
    const deadline = performance.now() + HEALTH_PATIENCE_MS;
    while (!(await answers(room.healthUrl))) {
      if (lastDeath !== null && (lastDeath.code !== null || lastDeath.inARow >= HOPELESS_DEATHS)) {
        throw new Error(`the ${room.name} does not come up: it ${wordsFor(lastDeath)}. Its log: ${log.path}`);
      }
      if (performance.now() >= deadline) {
        throw new Error(`the ${room.name} does not answer at ${room.healthUrl}. Its log: ${log.path}`);
      }
      await pause(HEALTH_EVERY_MS, undefined, { signal });
    }
    cameUp = true;
  };
  return {
    room,
    healthy,
    async restart(signal) {
      const { gone } = await child.replace().catch((error: unknown) => {
        if (!(error instanceof SuccessorEnded)) throw error;
        throw new Error(
          `a new ${room.name} does not come up: it ${wordsFor(error.end)}. The old one goes on. The log: ${log.path}`,
        );
      });
      lastDeath = null;
      // The others lead one at a time; the old api answers beside the new one until its last connection is over.
      if (room.name !== 'api') await gone;
      await healthy(signal);
    },
    async stop() {
      room.socket?.close();
      await child.stop();
      log.close();
    },
    kill: () => child.kill(),
  };
}

function spawnRoom(room: Room, env: NodeJS.ProcessEnv, logFd: number): ChildProcess {
  const handed = room.socket === null ? [] : [room.socket.fd];
  return spawn(process.execPath, [join(repositoryRoot, 'apps', room.name, 'src', 'main.ts')], {
    cwd: repositoryRoot,
    env: room.socket === null ? env : { ...env, LISTEN_FDS: '1' },
    // A process group of its own: Ctrl-C then reaches only `up`, which ends the servers in order.
    detached: true,
    stdio: ['ignore', logFd, logFd, ...handed, 'ipc'],
  });
}

function wordsFor({ code, signal, hung }: End): string {
  if (hung) return 'did nothing for 15 s and was ended';
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? 'could not be started' : `ended by itself with exit code ${code}`;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}
