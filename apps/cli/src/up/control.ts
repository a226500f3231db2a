import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, relative } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { UsageError } from '../connect.ts';
import type { Part } from './house.ts';

/** The servers in the order they are restarted: the two that lead first, each in moments; the api lingers. */
export const RESTARTABLE = ['scheduler', 'dispatcher', 'api'] as const;
export type Restartable = (typeof RESTARTABLE)[number];

const answerSchema = z.object({ error: z.string().nullable() });
type Answer = z.infer<typeof answerSchema>;

/** A socket's path has 107 bytes at most, so the shorter of its two names. */
function socketPath(dataFolder: string): string {
  const path = join(dataFolder, 'up.sock');
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

/** Where `hearth restart` reaches a running `up`. Whoever may write to the data folder may use it. */
export async function openControl(dataFolder: string, restart: (room: Restartable) => Promise<void>): Promise<Part> {
  const path = socketPath(dataFolder);
  // Whoever left it behind is gone: the folder is ours.
  rmSync(path, { force: true });
  const server = createServer((asked, response) => {
    const room = RESTARTABLE.find((name) => asked.url === `/restart/${name}`);
    const answer = (error: string | null) => response.end(JSON.stringify({ error } satisfies Answer));
    if (room === undefined || asked.method !== 'POST') answer(`there is no ${asked.method} ${asked.url}`);
    else
      restart(room).then(
        () => answer(null),
        (error: unknown) => answer(messageOf(error)),
      );
  });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  const kill = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { kill, stop: async () => kill() };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asks the `up` that runs on a data folder. @throws UsageError where none does, or the restart failed */
export async function askToRestart(dataFolder: string, room: Restartable): Promise<void> {
  const agent = new Agent({ connect: { socketPath: socketPath(dataFolder) }, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const { body } = await request(`http://up/restart/${room}`, { method: 'POST', dispatcher: agent });
    const { error } = answerSchema.parse(await body.json());
    if (error !== null) throw new UsageError(`The ${room} was not restarted: ${error}`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && ['ENOENT', 'ECONNREFUSED'].includes(String(error.code))))
      throw error;
    throw new UsageError(
      `No \`hearth up\` runs on ${dataFolder}. Set HEARTH_DATA_DIR to the folder of the one you mean.`,
    );
  } finally {
    await agent.close();
  }
}
