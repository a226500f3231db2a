import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '@hearth/kit';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWorld, type World } from './world.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let world: World;
let port: number;
let child: ChildProcess | null = null;
beforeEach(async () => {
  world = await createWorld();
  port = await freePort();
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await world.close();
});

/** A real dispatcher on the world's database; resolves when it answers, which a busy machine takes its time for. */
async function start(): Promise<ChildProcess> {
  child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: world.databaseUrl,
      HEARTH_CALLBACK_PORT: String(port),
      LOG_LEVEL: 'silent',
    },
    stdio: 'ignore',
  });
  await vi.waitFor(async () => expect((await request(`http://127.0.0.1:${port}/health`)).statusCode).toBe(200), {
    timeout: 50_000,
    interval: 25,
  });
  return child;
}

describe('the dispatcher as a process', { timeout: 120_000 }, () => {
  it('killed in the middle of a run and started again, ends it once, with one bill', async () => {
    const first = await start();
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    first.kill('SIGKILL');
    await once(first, 'exit');
    const end = call.insist({ status: 'succeeded', output: 'after all' });
    await start();
    await end;
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: 'after all', attempt: 1 });
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([{ predictionId: id }]);
    expect(model.calls).toHaveLength(1);
  });

  it('ends within 5 s of SIGTERM, whatever it holds, and leaves that running', async () => {
    const running = await start();
    const { model } = await world.stage();
    const id = await world.predict();
    await model.next();
    const asked = performance.now();
    running.kill('SIGTERM');
    expect(await once(running, 'exit')).toEqual([0, null]);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(await world.get(id)).toMatchObject({ status: 'processing', attempt: 1 });
    expect(model.canceled).toEqual([]);
  });

  it('says what is wrong with its settings, and ends', async () => {
    const refused = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH, DATABASE_URL: world.databaseUrl, HEARTH_CALLBACK_PORT: '1x' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = refused.stderr.setEncoding('utf8').toArray();
    expect((await once(refused, 'exit'))[0]).toBe(1);
    expect((await said).join('')).toContain('HEARTH_CALLBACK_PORT is "1x"; allowed: a whole number from 0 to 65535');
  });
});
