import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { codeOf, messageOf } from '../errors.ts';
import { BootFailure, type BootSpec } from './runtime.ts';

/** Marks a process in its environment until its pid is on disk. */
export const MARK = 'HEARTH_INSTANCE';

/** Only what a server needs: the scheduler's own environment holds the secrets of the platform. */
export function environmentOf(
  spec: BootSpec,
  own: Readonly<Record<string, string>>,
  { port, temporary, instanceId }: { port: number; temporary: string; instanceId: string },
): Record<string, string> {
  const path = [dirname(process.execPath), process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
  const { NODE_COMPILE_CACHE } = process.env;
  return {
    PATH: path,
    // Halves the boot of a model server in TypeScript.
    ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
    HOME: homedir(),
    LANG: process.env.LANG ?? 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    ...own,
    ...spec.env,
    TMPDIR: temporary,
    PORT: String(port),
    CUDA_VISIBLE_DEVICES: spec.deviceIds.join(','),
    [MARK]: instanceId,
  };
}

/**
 * Starts a server in a session of its own, in its folder; nothing here waits for its end. What it prints goes to the open file.
 * @throws BootFailure where the command cannot be started
 */
export async function spawnServer(
  [program, ...args]: readonly [string, ...string[]],
  folder: string,
  { env, outputFd }: { env: Record<string, string>; outputFd: number },
): Promise<{ child: ChildProcess; pid: number }> {
  const child = privately(() =>
    spawn(program, args, { cwd: folder, env, detached: true, stdio: ['ignore', outputFd, outputFd] }),
  );
  const pid = await pidOf(child, program, folder);
  child.unref();
  return { child, pid };
}

/** What a process that is started meanwhile writes is for its own user alone. */
function privately<T>(start: () => T): T {
  const before = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(before);
  }
}

async function pidOf(child: ChildProcess, program: string, folder: string): Promise<number> {
  try {
    await once(child, 'spawn');
  } catch (error) {
    const why =
      codeOf(error) === 'ENOENT' ? `was not found (in ${folder})` : `could not be started: ${messageOf(error)}`;
    throw new BootFailure('setup_error', `The command ${program} ${why}.`, { cause: error });
  }
  if (child.pid === undefined)
    throw new BootFailure('setup_error', `The command ${program} started without a process id.`);
  return child.pid;
}
