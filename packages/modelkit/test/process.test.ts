/** What only shows in a process of its own: exit codes, signals, stdout. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('./hello-main.ts', import.meta.url));
const AWAIT = '--await-explicit-shutdown=true';
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

function start(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, '--host', '127.0.0.1', ...flags], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  let ended = false;
  reader.on('close', () => {
    ended = true;
  });
  child.stderr.resume();
  /** Resolves with the first line that matches, printed or to come. */
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      for (const one of lines) {
        const match = pattern.exec(one);
        if (match) return match;
      }
      if (ended) throw new Error(`it ended without printing ${pattern}; it printed:\n${lines.join('\n')}`);
      await Promise.race([once(reader, 'line'), once(reader, 'close')]);
    }
  };
  return {
    child,
    line,
    url: async () => (await line(/^listening on (.*)$/))[1] ?? '',
    exitCode: async () => (child.exitCode !== null ? child.exitCode : Number((await once(child, 'exit'))[0])),
  };
}

const health = async (url: string): Promise<unknown> => (await fetch(`${url}/health-check`)).json();

describe('by default', () => {
  it('SIGTERM ends it with 0, even in the middle of a prediction', async () => {
    const hello = start([]);
    const url = await hello.url();
    await hello.line(/^setup: done$/);
    const body = JSON.stringify({ input: { text: 'a', seconds: 5 } });
    const accepted = await fetch(`${url}/predictions/x`, { method: 'PUT', body, headers: { prefer: 'respond-async' } });
    expect(accepted.status).toBe(202);
    hello.child.kill('SIGTERM');
    expect(await hello.exitCode()).toBe(0);
  });

  it('a failed setup ends it with 1, the reason on stdout', async () => {
    const hello = start([], { HELLO_SETUP: 'fail' });
    expect(await hello.exitCode()).toBe(1);
    await hello.line(/boom in setup/);
  });

  it('an error that belongs to no prediction ends it with 1', async () => {
    expect(await start([], { HELLO_SETUP: 'stray' }).exitCode()).toBe(1);
  });

  it('wrong settings end it with 2', async () => {
    expect(await start(['--frob']).exitCode()).toBe(2);
  });
});

describe('with --await-explicit-shutdown', () => {
  it('SIGTERM is ignored, POST /shutdown ends it with 0', async () => {
    const hello = start([AWAIT]);
    const url = await hello.url();
    await hello.line(/^setup: done$/);
    hello.child.kill('SIGTERM');
    await hello.line(/^SIGTERM ignored/);
    expect(await health(url)).toMatchObject({ status: 'READY' });
    expect((await fetch(`${url}/shutdown`, { method: 'POST' })).status).toBe(200);
    expect(await hello.exitCode()).toBe(0);
  });

  it('a failed setup stays to be read', async () => {
    const hello = start([AWAIT], { HELLO_SETUP: 'fail' });
    await hello.line(/boom in setup/);
    expect(await health(await hello.url())).toMatchObject({
      status: 'SETUP_FAILED',
      setup: { status: 'failed', logs: expect.stringContaining('boom in setup') },
    });
  });

  it('an error that belongs to no prediction leaves it DEFUNCT', async () => {
    const hello = start([AWAIT], { HELLO_SETUP: 'stray' });
    await hello.line(/nobody caught this/);
    expect(await health(await hello.url())).toMatchObject({ status: 'DEFUNCT' });
  });
});
