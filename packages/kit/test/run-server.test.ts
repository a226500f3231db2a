import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

const SCRIPTS = {
  server: new URL('./fixtures/server.ts', import.meta.url).pathname,
  parent: new URL('./fixtures/parent.ts', import.meta.url).pathname,
};

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A child whose stdout is collected; `said` resolves once it printed the words. */
function run(script: keyof typeof SCRIPTS, kind: string) {
  const child = spawn(process.execPath, [SCRIPTS[script]], {
    env: { ...process.env, FIXTURE: kind },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, output, errors }));
  const said = async (words: string) => {
    const gone = ended.then(() => Promise.reject(new Error(`ended without saying ${words}: ${output}`)));
    while (!output.includes(words)) await Promise.race([once(child.stdout, 'data'), gone]);
    gone.catch(() => {});
  };
  return { child, said, ended };
}

describe('runServer', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('closes once and exits 0 on %s', async (signal) => {
    const { child, said, ended } = run('server', 'ok');
    await said('STARTED');
    child.kill(signal);
    const { code, output } = await ended;
    expect(code).toBe(0);
    expect(output.match(/CLOSED/g)).toHaveLength(1);
    expect(output).toContain(`${signal}, closing`);
  });

  it('closes when its parent was killed with -9', async () => {
    const { child, said, ended } = run('parent', 'ok');
    await said('STARTED');
    child.kill('SIGKILL');
    // The pipe closes only once the server, which shares it, has ended too.
    expect((await ended).output).toContain('CLOSED');
  });

  it('logs a failed start and exits 1', async () => {
    const { code, output } = await run('server', 'start-fails').ended;
    expect(code).toBe(1);
    expect(output).toContain('no room at the inn');
  });

  it('says what is wrong with its settings, in a line and without a stack', async () => {
    const { code, output, errors } = await run('server', 'bad-settings').ended;
    expect({ code, output, errors }).toEqual({
      code: 1,
      output: '',
      errors: 'HEARTH_PORT is "abc"; allowed: a whole number\n',
    });
  });

  it('says the same of a setting that only the start shows to be wrong', async () => {
    const { code, output } = await run('server', 'bad-at-start').ended;
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({
      level: 60,
      msg: 'start failed: S3_BUCKET is "none"; allowed: a bucket that is there',
    });
    expect(output).not.toContain('    at ');
  });

  it('exits 1 when closing takes longer than its grace', async () => {
    const { child, said, ended } = run('server', 'close-hangs');
    await said('STARTED');
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(code).toBe(1);
    expect(output).toContain('not closed after 50 ms');
  });

  it('hands over, then closes, when another has started', async () => {
    const { child, said, ended } = run('server', 'ok');
    await said('STARTED');
    child.kill('SIGUSR2');
    const { code, output } = await ended;
    expect(code).toBe(0);
    expect(output).toMatch(/HANDING OVER[\s\S]*CLOSED/);
  });

  it('closes at once on SIGTERM while it hands over', async () => {
    const { child, said, ended } = run('server', 'hands-over-slowly');
    await said('STARTED');
    child.kill('SIGUSR2');
    await said('HANDING OVER');
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect(code).toBe(0);
    expect(output.match(/CLOSED/g)).toHaveLength(1);
  });

  it('exits 1 at once on a second signal', async () => {
    const { child, said, ended } = run('server', 'close-never');
    await said('STARTED');
    child.kill('SIGTERM');
    await said('CLOSING');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(1);
  });
});
