import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '@hearth/kit';
import { findRedisBinary, startEmbeddedRedis } from '@hearth/queue';
import { migrate, startEmbeddedPostgres } from '@hearth/store';
import { UsageError } from '../connect.ts';
import { deathsInARow, restartDelayMs } from './backoff.ts';
import type { Part } from './house.ts';
import { whyUnreachable } from './ports.ts';
import type { Start } from './start.ts';

/** How long an embedded store may take to end before it is killed. */
const BOUND_MS = 15_000;

/** A store that runs as a child of this process, at an address that stays the same from one start to the next. */
interface Embedded {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the reason once it has ended, whoever ended it. */
  readonly ended: Promise<string | void>;
  stop(): Promise<void>;
}

/** The store of every fact: DATABASE_URL, else a Postgres in the data folder. Brought to the newest schema. */
export async function startDatabase(start: Start): Promise<{ url: string; words: string }> {
  const { config } = start;
  if (config.DATABASE_URL) {
    needScheme(
      'DATABASE_URL',
      config.DATABASE_URL,
      ['postgres', 'postgresql'],
      'postgres://user:password@host:port/name',
    );
    const why = await whyUnreachable(config.DATABASE_URL, 5432);
    if (why !== null)
      throw new UsageError(`DATABASE_URL: no Postgres answers at ${withoutPassword(config.DATABASE_URL)} (${why}).`);
    await migrate(config.DATABASE_URL);
    return { url: config.DATABASE_URL, words: `Postgres at ${withoutPassword(config.DATABASE_URL)} (DATABASE_URL)` };
  }
  const dataDir = join(config.HEARTH_DATA_DIR, 'postgres');
  const verbose = config.LOG_LEVEL === 'debug' || config.LOG_LEVEL === 'trace';
  // It keeps a log of its own, and its end is told below.
  const log = createLogger({ room: 'up', level: verbose ? config.LOG_LEVEL : 'silent' });
  const { url } = await keepEmbedded(start, 'postgres', (before) =>
    startEmbeddedPostgres({ dataDir, log, ...(before && { port: Number(new URL(before.url).port) }) }),
  );
  await migrate(url);
  return { url, words: `Postgres in ${shown(dataDir)} (DATABASE_URL is not set)` };
}

/** What carries tickets: REDIS_URL, else a Redis found on PATH, else the database (`redisUrl` null). */
export async function startQueue(start: Start): Promise<{ redisUrl: string | null; words: string }> {
  const { config, env } = start;
  if (config.HEARTH_QUEUE === 'postgres') return { redisUrl: null, words: 'in the database (HEARTH_QUEUE=postgres)' };
  if (config.REDIS_URL) {
    needScheme(
      'REDIS_URL',
      config.REDIS_URL,
      ['redis', 'rediss', 'unix'],
      'redis://host:port, rediss://… or unix:///path',
    );
    const why = await whyUnreachable(config.REDIS_URL, 6379);
    if (why !== null)
      throw new UsageError(`REDIS_URL: no Redis answers at ${withoutPassword(config.REDIS_URL)} (${why}).`);
    return { redisUrl: config.REDIS_URL, words: `Redis at ${withoutPassword(config.REDIS_URL)} (REDIS_URL)` };
  }
  const found = await findRedisBinary(env);
  if (found.binary === null)
    return { redisUrl: null, words: `in the database (REDIS_URL is not set, and ${found.why})` };
  const dataDir = join(config.HEARTH_DATA_DIR, 'redis');
  const { binary } = found;
  const { url } = await keepEmbedded(start, 'redis', () => startEmbeddedRedis({ binary, dataDir }));
  return { redisUrl: asUrl(url), words: `Redis in ${shown(dataDir)} (${found.why}; REDIS_URL is not set)` };
}

/** Another kind of server may well listen there, and would only be found out by what it answers. */
function needScheme(key: string, url: string, schemes: readonly string[], forms: string): void {
  const scheme = new URL(url).protocol.slice(0, -1);
  if (!schemes.includes(scheme)) throw new UsageError(`${key} begins with "${scheme}:"; allowed: ${forms}`);
}

/** Starts an embedded store, and again whenever it ends without being asked to. */
function keepEmbedded(
  { house, progress }: Start,
  name: string,
  startStore: (before?: Embedded) => Promise<Embedded>,
): Promise<Part & { readonly url: string }> {
  return house.keep(name, BOUND_MS, async () => {
    const ending = new AbortController();
    let current = await startStore();

    const keepRunning = async (): Promise<void> => {
      let deaths = 0;
      for (;;) {
        const startedAt = performance.now();
        // The rest of it is the end of a log, which has a file of its own.
        const [reason] = ((await current.ended) ?? 'ended').split('\n');
        if (ending.signal.aborted) return;
        deaths = deathsInARow(deaths, performance.now() - startedAt);
        progress.line(`${name} ${reason}; starting it again in ${restartDelayMs(deaths)} ms`);
        for (let started = false; !started; ) {
          // Aborting only cuts the wait short; what follows then is nothing.
          await pause(restartDelayMs(deaths), undefined, { signal: ending.signal }).catch(() => null);
          if (ending.signal.aborted) return;
          try {
            current = await startStore(current);
            started = true;
          } catch (error) {
            deaths += 1;
            progress.line(`${name} does not start: ${String(error)}; again in ${restartDelayMs(deaths)} ms`);
          }
        }
        // Asked to end while it started.
        if (ending.signal.aborted) await current.stop();
      }
    };
    const running = keepRunning();
    return {
      url: current.url,
      async stop() {
        ending.abort();
        await current.stop();
        await running;
      },
      kill() {
        ending.abort();
        killIfThere(current.pid);
      },
    };
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A socket's path as a URL, which is what REDIS_URL holds. */
const asUrl = (address: string): string => (address.startsWith('/') ? `unix://${address}` : address);

const shown = (folder: string): string => {
  const short = relative(process.cwd(), folder);
  return short.startsWith('..') ? folder : short;
};

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.host === '' ? parsed.pathname : `${parsed.host}${parsed.pathname}`;
}
