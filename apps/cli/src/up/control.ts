import { once } from 'node:events';
import { rmSync } from 'node:fs';
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

/** Where a running `up` has its stores. `redisUrl` null: the database carries the queues. */
const storesSchema = z.object({ databaseUrl: z.string(), redisUrl: z.string().nullable() });
export type Stores = z.infer<typeof storesSchema>;

export interface Controlled {
  readonly stores: Stores;
  readonly restart: (room: Restartable) => Promise<void>;
}

/** A socket's path has 107 bytes at most, so the shorter of its two names. */
function socketPath(dataFolder: string): string {
  const path = join(dataFolder, 'up.sock');
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}

/**
 * Where other verbs of this machine reach a running `up`: `POST /restart/ROOM`, and `GET /stores`, which has the password
 * of the embedded database. So it is for the owner of the data folder alone.
 */
export async function openControl(dataFolder: string, { stores, restart }: Controlled): Promise<Part> {
  const path = socketPath(dataFolder);
  // Whoever left it behind is gone: the folder is ours.
  rmSync(path, { force: true });
  const server = createServer((asked, response) => {
    const answer = (error: string | null) => response.end(JSON.stringify({ error } satisfies Answer));
    const what = `${asked.method} ${asked.url}`;
    const room = RESTARTABLE.find((name) => what === `POST /restart/${name}`);
    if (what === 'GET /stores') response.end(JSON.stringify(stores));
    else if (room === undefined) answer(`there is no ${what}`);
    else
      restart(room).then(
        () => answer(null),
        (error: unknown) => answer(messageOf(error)),
      );
  });
  // Nobody else may connect from the moment that it is there.
  const before = process.umask(0o077);
  server.listen(path);
  process.umask(before);
  await once(server, 'listening');
  const kill = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { kill, stop: async () => kill() };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asks the `up` that runs on a data folder. @throws UsageError where none does, or the restart failed */
export async function askToRestart(dataFolder: string, room: Restartable): Promise<void> {
  const answer = await ask(dataFolder, 'POST', `/restart/${room}`);
  if (answer === null) {
    throw new UsageError(
      `No \`hearth up\` runs on ${dataFolder}. Set HEARTH_DATA_DIR to the folder of the one you mean.`,
    );
  }
  const { error } = answerSchema.parse(answer);
  if (error !== null) throw new UsageError(`The ${room} was not restarted: ${error}`);
}

/** Null where no `up` runs on the data folder. @throws UsageError where it is of a version that does not say */
export async function askForStores(dataFolder: string): Promise<Stores | null> {
  const { success, data } = storesSchema.nullable().safeParse(await ask(dataFolder, 'GET', '/stores'));
  if (success) return data;
  throw new UsageError(
    `The \`hearth up\` that runs on ${dataFolder} is of another version, and does not say where its stores are. End it and start it again.`,
  );
}

async function ask(dataFolder: string, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const agent = new Agent({ connect: { socketPath: socketPath(dataFolder) }, headersTimeout: 0, bodyTimeout: 0 });
  try {
    const { body } = await request(`http://up${path}`, { method, dispatcher: agent });
    return await body.json();
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ECONNREFUSED'].includes(String(error.code)))
      return null;
    throw error;
  } finally {
    await agent.close();
  }
}
