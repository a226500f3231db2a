import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../errors.ts';

/**
 * What Linux tells about processes, read synchronously: a read of /proc takes microseconds and never waits for a disk.
 * Elsewhere (macOS) there is no /proc: then only life and death are known, by signal 0.
 */
export const hasProc = existsSync('/proc/self/stat');

export interface ProcessFacts {
  /** Clock ticks after boot; with the pid it names one process for as long as the machine is up. Null without /proc. */
  readonly startTicks: number | null;
  readonly session: number | null;
}

/** Null where there is no such process, or only its zombie. */
export function processFacts(pid: number): ProcessFacts | null {
  if (!hasProc) return answersSignal(pid) ? { startTicks: null, session: null } : null;
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the command in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return null;
  return { startTicks: Number(fields[19]), session: Number(fields[3]) };
}

/** Everything that a session leader started and that did not leave its session, the leader included. */
export function sessionMembers(session: number): number[] {
  return allPids().filter((pid) => processFacts(pid)?.session === session);
}

/** Resident memory, shared pages counted in full; 0 for a process that is gone. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1];
  return kib === undefined ? 0 : Number(kib) * 1024;
}

/** The process that was started with `name=value` in its environment; of several the first, which started the others. */
export function pidByEnvironment(name: string, value: string): number | null {
  const wanted = `${name}=${value}`;
  const found = allPids().filter((pid) => readProc(`/proc/${pid}/environ`)?.split('\0').includes(wanted));
  return found.find((pid) => processFacts(pid)?.session === pid) ?? null;
}

/** SIGTERM or SIGKILL for a whole group. False where nobody is left in it. */
export function signalGroup(leader: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    throw error;
  }
}

const allPids = (): number[] =>
  hasProc
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : [];

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended while we looked, or it belongs to another user; either way it is none of ours.
    return null;
  }
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and the pid is another user's now.
    return codeOf(error) === 'EPERM';
  }
}
