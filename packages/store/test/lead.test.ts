import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Store } from '../src/index.ts';
import { openWorld, type World } from './world.ts';

const HOLDER = new URL('./lead-holder.ts', import.meta.url).pathname;
const never = new AbortController().signal;

let world: World;
let store: Store;
const children: ChildProcess[] = [];
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => world.close());

/** A leader in a process of its own; `said` resolves once it printed the words. */
function startLeader() {
  const child = spawn(process.execPath, [HOLDER, world.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const said = async (words: string) => {
    while (!output.includes(words)) await once(child.stdout, 'data');
  };
  return { child, said };
}

test('a leader that is paused is followed by a standby within 10 s, and knows it when it goes on', async () => {
  const { child, said } = startLeader();
  await said('LEADING');
  const standby = store.lead('scheduler', never);
  child.kill('SIGSTOP');
  const pausedAt = performance.now();
  const second = await standby;
  expect(performance.now() - pausedAt).toBeLessThan(10_000);
  child.kill('SIGCONT');
  await said('NOT HELD');
  await said('LOST');
  expect([second.isHeld(), second.lost.aborted]).toEqual([true, false]);
  await second.resign();
}, 30_000);

test('a standby that is told to stop while it still connects does stop', async () => {
  const stopping = new AbortController();
  const standby = store.lead('scheduler', stopping.signal);
  stopping.abort(new Error('enough'));
  await expect(standby).rejects.toThrow('enough');
});
