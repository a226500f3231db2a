import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '@hearth/kit';
import { request } from 'undici';

export const NOOP_FOLDER = join(import.meta.dirname, 'noop');
export const CLOCK_FOLDER = join(import.meta.dirname, 'clock');

/** Resolves once the model server at `url` says READY, probing without a pause longer than `everyMs`. */
export async function untilReady(url: string, everyMs: number): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    try {
      const { body } = await request(`${url}/health-check`);
      if (((await body.json()) as { status: string }).status === 'READY') return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`the model server at ${url} did not become ready within a minute`);
}

export async function predictDirectly(url: string, input: unknown): Promise<void> {
  const { statusCode, body } = await request(`${url}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input }),
  });
  const { status } = (await body.json()) as { status: string };
  if (statusCode !== 200 || status !== 'succeeded') throw new Error(`the model answered ${statusCode} ${status}`);
}

/** A model's folder as a child process, spawned by hand. */
export async function spawnModel(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  file = 'main.ts',
): Promise<{ url: string; end(): Promise<void> }> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [file], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
    stdio: 'ignore',
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
