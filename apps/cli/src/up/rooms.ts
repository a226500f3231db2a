import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repositoryRoot } from '../repository.ts';
import { openLogFile } from './log-file.ts';
import { consoleLine, type LogLevel } from './log-line.ts';
import type { Progress } from './progress.ts';
import { type Death, type Supervised, supervise } from './supervise.ts';

/** A server of Hearth as `up` runs it. */
export interface Room {
  readonly name: 'api' | 'scheduler' | 'dispatcher';
  readonly healthUrl: string;
}

export interface RunningRoom {
  readonly room: Room;
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
  const child: Supervised = supervise(
    () =>
      spawn(process.execPath, [join(repositoryRoot, 'apps', room.name, 'src', 'main.ts')], {
        cwd: repositoryRoot,
        env,
        // A process group of its own: Ctrl-C then reaches only `up`, which ends the servers in order.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      }),
    (death) => {
      lastDeath = death;
      log.look();
      if (cameUp)
        progress.line(
          `${room.name} ${wordsFor(death)}; starting it again in ${death.restartInMs} ms (log: ${log.path})`,
        );
    },
  );
  return {
    room,
    async healthy(signal) {
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
    },
    async stop() {
      await child.stop();
      log.close();
    },
    kill: () => child.kill(),
  };
}

function wordsFor({ code, signal }: Pick<Death, 'code' | 'signal'>): string {
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
