import { readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@hearth/kit';
import { errorCode } from './error-code.ts';

/** The data folder is in use by a process that lives. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  readonly pid: number;
  constructor(folder: string, pid: number) {
    super(`Postgres on ${folder} is already running (pid ${pid})`);
    this.pid = pid;
  }
}

/**
 * Takes the folder for this process: at most one supervisor at a time. One that was killed leaves its mark behind, which a
 * pid and its start time tell from one that lives.
 * @throws AlreadyRunning
 */
export function lockFolder(folder: string): { readonly release: () => void } {
  const path = join(folder, 'supervisor.pid');
  const mine = `${process.pid} ${startTime(process.pid) ?? ''}`;
  for (;;) {
    try {
      writeFileSync(path, mine, { flag: 'wx' });
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const holder = readIfThere(path);
    const [pid, started] = holder.split(' ');
    if (isAlive(Number(pid)) && startTime(Number(pid)) === (started || null))
      throw new AlreadyRunning(folder, Number(pid));
    if (readIfThere(path) === holder) rmSync(path, { force: true });
  }
}

/** Ends a server whose supervisor was killed and that did not follow it (or has not yet), and waits until it is gone. */
export async function endOrphan(cluster: string, log: Logger): Promise<void> {
  const pid = Number.parseInt(readIfThere(join(cluster, 'postmaster.pid')), 10);
  if (!isServerOf(cluster, pid)) return;
  log.info({ pid }, 'a Postgres whose supervisor is gone still runs here: stopping it');
  process.kill(pid, 'SIGINT');
  while (isServerOf(cluster, pid)) await delay(20);
}

/** Whether that process lives and is the server: a stale file may name a pid that belongs to another program by now. */
function isServerOf(cluster: string, pid: number): boolean {
  if (!isAlive(pid)) return false;
  // A server works in its data folder. Where there is no /proc, Postgres' own lock has the last word.
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster);
  } catch (error) {
    // It ended meanwhile.
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}

/** When a process started, in ticks since the machine did; null where the system does not tell. */
function startTime(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, and may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

/** A file's text; empty where there is no such file (any more). */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return '';
    throw error;
  }
}
