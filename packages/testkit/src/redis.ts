import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisBinary, startEmbeddedRedis } from '@hearth/queue';
import { Redis } from 'ioredis';

/** A Redis for one test file, on a folder of its own. */
export interface TestRedis {
  readonly url: string;
  /** Forgets everything, without a restart. */
  flush(): Promise<void>;
  /** SIGKILL; resolves once it is gone. */
  kill9(): Promise<void>;
  /** Starts again after `kill9`, at the same address; `wipe`: without its data. */
  restart(options: { wipe: boolean }): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

/**
 * Null where no Redis is installed: skip, visibly. Where `HEARTH_TEST_REQUIRE` names `redis` (as the CI does), that is
 * a failure instead.
 */
export async function testRedis(): Promise<TestRedis | null> {
  const { binary, why } = await findRedisBinary(process.env);
  if (binary === null) {
    if (process.env.HEARTH_TEST_REQUIRE?.split(',').includes('redis')) throw new Error(`Redis is required: ${why}`);
    return null;
  }
  const folder = await mkdtemp(join(tmpdir(), 'hearth-test-redis-'));
  const dataDir = join(folder, 'data');
  let server = await startEmbeddedRedis({ binary, dataDir });

  return {
    url: server.url,
    async flush() {
      const client = new Redis(server.url);
      await client.flushall();
      client.disconnect();
    },
    async kill9() {
      process.kill(server.pid, 'SIGKILL');
      await server.ended;
    },
    async restart({ wipe }) {
      if (wipe) await rm(dataDir, { recursive: true });
      server = await startEmbeddedRedis({ binary, dataDir });
    },
    async close() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
