import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '@hearth/kit';
import { findRedisBinary, startEmbeddedRedis } from '@hearth/queue';
import { startEmbeddedPostgres } from '@hearth/store';
import { processesWith, signal } from '../src/processes.ts';
import { startTcpProxy, type TcpProxy } from '../src/tcp-proxy.ts';

/** A store that is started again whenever it ends. */
export interface Store {
  /** The network between it and its clients; null: there is none that could be broken. */
  readonly proxy: TcpProxy | null;
  /** Past the proxy, for faults that need its own word. */
  readonly directUrl: string;
  /** Null while it is down. */
  pid(): Promise<number | null>;
  /** SIGKILL; it comes back by itself. `wipe`: without its data. */
  kill9(options: { wipe: boolean }): Promise<void>;
}

/** One that an operator runs beside Hearth. */
export interface OwnStore extends Store {
  /** As its clients are told it: that of the proxy. */
  readonly url: string;
  close(): Promise<void>;
}

interface Running {
  readonly url: string;
  readonly pid: number;
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** As systemd waits between two starts. */
const RESTART_MS = 250;

interface Kept {
  readonly first: Running;
  current(): Running | null;
  /** Called after the next end, before it is started again. */
  beforeRestart(step: () => Promise<void>): void;
  close(): Promise<void>;
}

async function keep(start: (before: Running | null) => Promise<Running>): Promise<Kept> {
  const first = await start(null);
  let last = first;
  let current: Running | null = first;
  const steps: (() => Promise<void>)[] = [];
  let closing = false;
  const running = (async () => {
    for (;;) {
      await current?.ended;
      current = null;
      if (closing) return;
      for (const step of steps.splice(0)) await step();
      await pause(RESTART_MS);
      if (closing) return;
      try {
        current = last = await start(last);
      } catch {
        // Its disk is full, say: the next round starts it.
      }
    }
  })();
  return {
    first,
    current: () => current,
    beforeRestart: (step) => void steps.push(step),
    async close() {
      closing = true;
      await current?.stop();
      await running;
    },
  };
}

async function proxied(kept: Kept, proxy: TcpProxy, url: string, dataDir: string): Promise<OwnStore> {
  return {
    url,
    directUrl: kept.first.url,
    proxy,
    pid: async () => kept.current()?.pid ?? null,
    async kill9({ wipe }) {
      const victim = kept.current();
      if (victim === null) return;
      if (wipe) kept.beforeRestart(() => rm(dataDir, { recursive: true, force: true }));
      signal(victim.pid, 'SIGKILL');
      await victim.ended;
    },
    async close() {
      await proxy.close();
      await kept.close();
    },
  };
}

export async function startPostgres(folder: string): Promise<OwnStore> {
  const log = createLogger({ room: 'chaos', level: 'silent' });
  const kept = await keep((before) =>
    startEmbeddedPostgres({ dataDir: folder, log, ...(before && { port: Number(new URL(before.url).port) }) }),
  );
  const direct = new URL(kept.first.url);
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(direct.port) });
  const url = new URL(direct);
  url.port = String(proxy.port);
  // The socket would lead past the proxy.
  url.search = '';
  return proxied(kept, proxy, url.href, folder);
}

/** @throws Error where none is installed */
export async function startRedis(folder: string): Promise<OwnStore> {
  const { binary, why } = await findRedisBinary(process.env);
  if (binary === null) throw new Error(`no Redis: ${why}`);
  const dataDir = join(folder, 'data');
  const kept = await keep(() => startEmbeddedRedis({ binary, dataDir }));
  const proxy = await startTcpProxy({ path: kept.first.url });
  return proxied(kept, proxy, `redis://127.0.0.1:${proxy.port}`, dataDir);
}

/** Those that `hearth up` runs in its data folder, and starts again. */
export function embeddedStores(dataDir: string): { readonly postgres: Store; readonly redis: Store } {
  const postgresPid = async (): Promise<number | null> => {
    const status = await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number.parseInt(status, 10);
    return Number.isInteger(pid) ? pid : null;
  };
  const redisPid = async (): Promise<number | null> => {
    const [found] = await processesWith(dataDir, (command) => /^[^\0]*(redis|valkey)-server/.test(command));
    return found?.pid ?? null;
  };
  const redisFolder = join(dataDir, 'redis');
  const store = (pidOf: () => Promise<number | null>, folder: string, url: string): Store => ({
    proxy: null,
    directUrl: url,
    pid: pidOf,
    async kill9({ wipe }) {
      const pid = await pidOf();
      if (pid === null) return;
      // Stopped first: it would write its data anew.
      if (wipe) {
        signal(pid, 'SIGSTOP');
        await rm(folder, { recursive: true, force: true });
      }
      signal(pid, 'SIGKILL');
    },
  });
  return {
    postgres: store(postgresPid, join(dataDir, 'postgres'), ''),
    redis: store(redisPid, redisFolder, join(redisFolder, 'redis.sock')),
  };
}
