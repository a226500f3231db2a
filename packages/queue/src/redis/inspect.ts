import { createLogger } from '@hearth/kit';
import { connect } from './connection.ts';

/** What an operator wants to know of a Redis before trusting it. */
export interface RedisFacts {
  readonly version: string;
  /** Of the fastest of three round trips. */
  readonly latencyMs: number;
  /** Whether what was acknowledged is there after a restart, but for the last second. */
  readonly appendOnly: boolean;
  /** Of the last write to disk. */
  readonly writesWell: boolean;
  readonly maxMemoryBytes: number;
  readonly usedMemoryBytes: number;
  readonly evictionPolicy: string;
}

/** @throws TransportDown where it does not answer */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const connection = await connect(url, createLogger({ room: 'cli', level: 'silent' }));
  try {
    let latencyMs = Infinity;
    for (let round = 0; round < 3; round++) {
      const startedAt = performance.now();
      await connection.ping();
      latencyMs = Math.min(latencyMs, performance.now() - startedAt);
    }
    const info = parseInfo(await connection.info());
    const number = (key: string): number => Number(info.get(key) ?? 0);
    return {
      version: info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown',
      latencyMs,
      appendOnly: info.get('aof_enabled') === '1',
      writesWell: ['aof_last_write_status', 'rdb_last_bgsave_status'].every((key) => (info.get(key) ?? 'ok') === 'ok'),
      maxMemoryBytes: number('maxmemory'),
      usedMemoryBytes: number('used_memory'),
      evictionPolicy: info.get('maxmemory_policy') ?? 'unknown',
    };
  } finally {
    connection.disconnect();
  }
}

/** `key:value` lines. */
const parseInfo = (text: string): Map<string, string> =>
  new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':');
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
