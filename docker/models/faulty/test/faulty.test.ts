import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { readFaultySettings } from '../src/settings.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** A process of its own, because some of its faults end it. */
async function start(env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), '--host', '127.0.0.1'], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const reader = createInterface({ input: child.stdout });
  let url = '';
  while (url === '') {
    const [line] = await once(reader, 'line');
    url = /^listening on (.*)$/.exec(line)?.[1] ?? '';
  }
  return { child, url };
}

async function predict(url: string, input: Record<string, unknown>): Promise<unknown> {
  return (await fetch(`${url}/predictions`, { method: 'POST', body: JSON.stringify({ input }) })).json();
}

describe('a prediction', () => {
  it('echoes, logs its progress and pads its output', async () => {
    const { url } = await start();
    const answer = await predict(url, { text: 'you', seconds: 0.05, log_lines: 2, output_bytes: 20 });
    expect(answer).toMatchObject({
      output: 'hello you...........',
      logs: expect.stringMatching(/^line 1\nline 2\n10%\|#\s+\| 1\/10\n[^]*100%\|##########\| 10\/10\n$/),
      status: 'succeeded',
    });
  });

  it('fails on demand, and the server goes on', async () => {
    const { url } = await start();
    expect(await predict(url, { mode: 'fail' })).toMatchObject({ status: 'failed', error: 'model failed on purpose' });
    expect(await predict(url, {})).toMatchObject({ status: 'succeeded' });
  });

  it('crashes on demand: the process is gone in the middle of it', async () => {
    const { child, url } = await start();
    const exited = once(child, 'exit');
    await expect(predict(url, { mode: 'crash' })).rejects.toThrow();
    expect(await exited).toEqual([139, null]);
  });
});

describe('a setup', () => {
  it.each([
    ['fail', 1],
    ['crash', 139],
  ])('that is to %s ends the process with %i', async (setup, code) => {
    const { child } = await start({ FAULTY_SETUP: setup, FAULTY_SETUP_SECONDS: '0.05' });
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(code);
  });

  it('that hangs leaves it STARTING', async () => {
    const { url } = await start({ FAULTY_SETUP: 'hang' });
    expect(await (await fetch(`${url}/health-check`)).json()).toEqual({ status: 'STARTING', setup: {} });
  });

  it.each([
    [{ FAULTY_SETUP: 'boom' }, "FAULTY_SETUP is 'boom'; it must be one of ok, fail, crash, oom, hang"],
    [{ FAULTY_SETUP_SECONDS: '-1' }, "FAULTY_SETUP_SECONDS is '-1'; it must be a number from 0"],
  ])('with settings %j is refused', (env, message) => {
    expect(() => readFaultySettings(env)).toThrow(message);
  });
});
