import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { jsonOrNull } from '../json.ts';

/** Another `hearth up` runs on this data folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

export interface FolderLock {
  /** The one who held it before ended without letting go, so what it started may still be closing. */
  readonly wasAbandoned: boolean;
  release(): void;
}

const lockSchema = z.object({ pid: z.int(), startedAt: z.string() });

/**
 * Takes the data folder for this process. A lock names a process and when that process began, because a process id is
 * soon given to somebody else.
 * @throws FolderInUse naming the process that has it; Error where the folder cannot be made or written
 */
export function lockFolder(folder: string): FolderLock {
  try {
    return takeFolder(folder);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Error(`HEARTH_DATA_DIR is ${folder}, which cannot be used: ${error.message}`, { cause: error });
  }
}

function takeFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'up.pid');
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) });
  let wasAbandoned = false;
  for (;;) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 });
      return { wasAbandoned, release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const holder = holderOf(file);
    if (holder !== null) {
      throw new FolderInUse(
        `Hearth runs on ${folder} already, as process ${holder}. Stop that one, or give a second one its own HEARTH_DATA_DIR, HEARTH_PORT, HEARTH_CALLBACK_PORT and HEARTH_SCHEDULER_PORT.`,
      );
    }
    wasAbandoned = true;
    rmSync(file, { force: true });
  }
}

/** The process that holds the lock; null when it is gone, or the lock was cut off while it was written. */
function holderOf(file: string): number | null {
  const parsed = lockSchema.safeParse(jsonOrNull(readIfThere(file) ?? ''));
  if (!parsed.success) return null;
  return startOf(parsed.data.pid) === parsed.data.startedAt ? parsed.data.pid : null;
}

/** When a process began, as the system words it; an empty text when there is no such process. */
function startOf(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The command in brackets may hold anything, spaces too; the 20th field after it is the start in clock ticks.
  if (stat !== null) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  if (process.platform === 'linux') return '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    // ps answers with an exit code when there is no such process.
    return '';
  }
}

/** What `hearth …` on this machine needs to talk to its own server. */
const credentialsSchema = z.object({ url: z.string(), token: z.string() });
export type Credentials = z.infer<typeof credentialsSchema>;

const credentialsFile = (folder: string) => join(folder, 'cli.json');

export function readCredentials(folder: string): Credentials | null {
  const parsed = credentialsSchema.safeParse(jsonOrNull(readIfThere(credentialsFile(folder)) ?? ''));
  return parsed.success ? parsed.data : null;
}

export function writeCredentials(folder: string, credentials: Credentials): void {
  const file = credentialsFile(folder);
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  // `mode` counts for a new file only.
  chmodSync(file, 0o600);
}

/** The token that the api made at its first start; null once it was shown. */
export const readFirstToken = (folder: string): string | null => readIfThere(firstTokenFile(folder))?.trim() || null;

/** It was shown: from now on only its hash exists. */
export const forgetFirstToken = (folder: string): void => rmSync(firstTokenFile(folder), { force: true });

const firstTokenFile = (folder: string) => join(folder, 'first-token');

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) return null;
    throw error;
  }
}

/** Whether it is one of the system's, of this code where one is given. */
const isErrno = (error: unknown, code?: string): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error && (code === undefined || error.code === code);
