import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedRedisFailed, findRedisBinary, inspectRedis, startEmbeddedRedis } from '../src/index.ts';

const { binary, why } = await findRedisBinary(process.env);
if (binary === null && process.env.HEARTH_TEST_REQUIRE?.split(',').includes('redis')) throw new Error(why);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-redis-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('findRedisBinary', () => {
  const pretend = async (name: string, version: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\necho "${version}"\n`);
    await chmod(path, 0o755);
    return path;
  };
  const find = () => findRedisBinary({ PATH: `/nowhere:${folder}` });

  it('says what it looked for when there is none', async () => {
    expect(await find()).toEqual({ binary: null, why: 'no redis-server or valkey-server on PATH' });
    expect(await findRedisBinary({})).toMatchObject({ binary: null });
  });

  it.each([
    ['redis-server', 'Redis server v=6.2.0 sha=0:0 malloc=jemalloc bits=64', '6.2.0'],
    ['redis-server', 'Redis server v=7.0.15 sha=0:0 malloc=jemalloc bits=64', '7.0.15'],
    ['valkey-server', 'Valkey server v=8.1.1 sha=0:0 malloc=jemalloc bits=64', '8.1.1'],
  ])('takes a %s that says %j', async (name, output, version) => {
    const path = await pretend(name, output);
    expect(await find()).toEqual({ binary: path, why: `${name} ${version} at ${path}` });
  });

  it('refuses one that is too old, and says so', async () => {
    const path = await pretend('redis-server', 'Redis server v=6.0.16 sha=0:0');
    expect(await find()).toEqual({ binary: null, why: `${path} is 6.0.16, older than 6.2` });
  });

  it('refuses one that does not work', async () => {
    const path = await pretend('redis-server', 'segmentation fault');
    expect(await find()).toEqual({ binary: null, why: `${path} does not tell its version` });
  });
});

describe.skipIf(binary === null)('startEmbeddedRedis', () => {
  if (binary === null) return;
  const write = async (url: string, value: string): Promise<void> => {
    const client = new Redis(url);
    await client.set('key', value);
    client.disconnect();
  };
  const read = async (url: string): Promise<string | null> => {
    const client = new Redis(url);
    const value = await client.get('key');
    client.disconnect();
    return value;
  };

  it('keeps its data over a stop, and tells that it ended', async () => {
    const first = await startEmbeddedRedis({ binary, dataDir: folder });
    await write(first.url, 'kept');
    await first.stop();
    expect(await first.ended).toContain('ended with code 0');
    const second = await startEmbeddedRedis({ binary, dataDir: folder });
    expect(await read(second.url)).toBe('kept');
    await second.stop();
  });

  it('keeps everything and throws nothing away, as it says when it is asked', async () => {
    const redis = await startEmbeddedRedis({ binary, dataDir: folder });
    expect(await inspectRedis(redis.url)).toMatchObject({
      appendOnly: true,
      writesWell: true,
      evictionPolicy: 'noeviction',
      version: expect.stringMatching(/^\d+\.\d+/),
    });
    await redis.stop();
  });

  it('refuses a folder that another one runs on', async () => {
    const first = await startEmbeddedRedis({ binary, dataDir: folder });
    await expect(startEmbeddedRedis({ binary, dataDir: folder })).rejects.toThrow(`a Redis already runs on ${folder}`);
    await first.stop();
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const redis = await startEmbeddedRedis({ binary, dataDir: join(folder, 'd'.repeat(60), 'e'.repeat(60)) });
    await write(redis.url, 'short');
    expect(await read(redis.url)).toBe('short');
    await redis.stop();
  });

  it('tells what the server said when it does not start', async () => {
    const broken = join(folder, 'redis-server');
    await writeFile(broken, '#!/bin/sh\necho "Fatal: cannot allocate"\nexit 3\n');
    await chmod(broken, 0o755);
    const starting = startEmbeddedRedis({ binary: broken, dataDir: folder });
    await expect(starting).rejects.toThrow(EmbeddedRedisFailed);
    await expect(starting).rejects.toThrow('ended with code 3: Fatal: cannot allocate');
  });

  it.skipIf(process.platform !== 'linux')(
    'ends when its parent is killed with -9, and starts again at once',
    async () => {
      const script = new URL('./fixtures/embedded-redis-parent.ts', import.meta.url).pathname;
      const parent = spawn(process.execPath, [script, binary, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      const pid = Number(String((await once(parent.stdout, 'data'))[0]));
      expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('redis');
      parent.kill('SIGKILL');
      const again = await startEmbeddedRedis({ binary, dataDir: folder });
      // Gone, or a zombie, whose command line is empty.
      const commandLine = () => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      await vi.waitFor(async () => expect(await commandLine()).not.toContain('redis'), { timeout: 5_000 });
      await again.stop();
    },
  );
});
