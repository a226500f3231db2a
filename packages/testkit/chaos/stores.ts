import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '@hearth/kit';
import { findRedisBinary, startEmbeddedRedis } from '@hearth/queue';
import { startEmbeddedPostgres } from '@hearth/store';
import { startTcpProxy, type TcpProxy } from '../src/tcp-proxy.ts';

/** A store as an operator runs it: started again whenever it ends, reached over a network that can be broken. */
export interface Store {
  /** As its clients are told it: that of the proxy. */
  readonly url: string;
  /** Past the proxy, for faults that need its own word. */
  readonly directUrl: string;
  readonly proxy: TcpProxy;
  /** Null while it is down. */
  pid(): number | null;
  /** SIGKILL; it comes back by itself. `wipe`: without its data. */
  kill9(options: { wipe: boolean }): Promise<void>;
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

async function proxied(kept: Kept, proxy: TcpProxy, url: string, dataDir: string): Promise<Store> {
  return {
    url,
    directUrl: kept.first.url,
    proxy,
    pid: () => kept.current()?.pid ?? null,
    async kill9({ wipe }) {
      const victim = kept.current();
      if (victim === null) return;
      if (wipe) kept.beforeRestart(() => rm(dataDir, { recursive: true, force: true }));
      process.kill(victim.pid, 'SIGKILL');
      await victim.ended;
    },
    async close() {
      await proxy.close();
      await kept.close();
    },
  };
}

export async function startPostgres(folder: string): Promise<Store> {
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
export async function startRedis(folder: string): Promise<Store> {
  const { binary, why } = await findRedisBinary(process.env);
  if (binary === null) throw new Error(`no Redis: ${why}`);
  const dataDir = join(folder, 'data');
  const kept = await keep(() => startEmbeddedRedis({ binary, dataDir }));
  const proxy = await startTcpProxy({ path: kept.first.url });
  return proxied(kept, proxy, `redis://127.0.0.1:${proxy.port}`, dataDir);
}
