import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../src/repository.ts';
import { readCredentials } from '../src/up/data-folder.ts';
import { choosePort } from '../src/up/ports.ts';

/** `hearth up` as a child process, on a data folder and ports of its own. */
interface Run {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Resolves once it printed this; rejects when it ends without. */
  readonly printed: (text: string) => Promise<void>;
  readonly ended: Promise<number | null>;
}

const main = join(repositoryRoot, 'apps', 'cli', 'src', 'main.ts');
let dataFolder: string;
const running: Run[] = [];

function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([key]) => !/^(HEARTH_|DATABASE_URL$|REDIS_URL$|NODE_OPTIONS$)/.test(key),
  );
  return {
    ...Object.fromEntries(inherited),
    NO_COLOR: '1',
    HEARTH_DATA_DIR: dataFolder,
    HEARTH_PORT: '0',
    HEARTH_CALLBACK_PORT: '0',
    HEARTH_SCHEDULER_PORT: '0',
    HEARTH_RUNTIME: 'process',
    HEARTH_EXAMPLES: 'false',
  };
}

function hearth(...args: string[]): Run {
  const child = spawn(process.execPath, [main, ...args], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => output.includes(text) && resolve();
      listeners.add(look);
      look();
      const giveUp = (code: number | null) =>
        reject(new Error(`ended with ${code} before it printed "${text}":\n${output}`));
      ended.then(giveUp, reject);
    });
  const run = { process: child, output: () => output, printed, ended };
  running.push(run);
  return run;
}

/** Processes that were started on this data folder, by their environment or their arguments. */
function processesOfFolder(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => ({ pid, command: readProc(pid, 'cmdline'), env: readProc(pid, 'environ') }))
    .filter(({ command, env }) => command.includes(dataFolder) || env.includes(`HEARTH_DATA_DIR=${dataFolder}`))
    .map(({ pid, command }) => `${pid} ${command.replaceAll('\0', ' ')}`);
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended while we looked, or is somebody else's.
    return '';
  }
}

const READY = 'Ctrl-C ends everything';
const addressIn = (output: string): string => /Web UI\s+(http\S+)/.exec(output)?.[1] ?? '';
const tokenIn = (output: string): string => /shown only now: (hth_\S+)/.exec(output)?.[1] ?? '';
const account = (url: string, token: string) =>
  fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${token}` } });

describe.skipIf(process.platform !== 'linux')('hearth up', { timeout: 120_000 }, () => {
  let token: string;

  beforeAll(() => {
    dataFolder = mkdtempSync(join(tmpdir(), 'hearth-up-'));
  });
  afterAll(async () => {
    for (const { process: child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    rmSync(dataFolder, { recursive: true, force: true });
  });

  test('starts on an empty folder, says what it chose, prints a token that works, and Ctrl-C leaves nothing', async () => {
    const up = hearth('up');
    await up.printed(READY);
    expect(up.output()).toContain('DATABASE_URL is not set');
    expect(up.output()).toContain('HEARTH_RUNTIME=process');
    token = tokenIn(up.output());
    const answer = await account(addressIn(up.output()), token);
    expect(await answer.json()).toMatchObject({ username: 'hearth' });
    expect(statSync(join(dataFolder, 'cli.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataFolder)).not.toContain('first-token');

    up.process.kill('SIGINT');
    expect(await up.ended).toBe(0);
    expect(processesOfFolder()).toEqual([]);
    expect(readdirSync(dataFolder)).not.toContain('up.pid');
  });

  test('a second start finds the data, prints no token, and the verbs work without one', async () => {
    const up = hearth('up');
    await up.printed(READY);
    expect(tokenIn(up.output())).toBe('');
    const url = addressIn(up.output());
    expect((await account(url, token)).status).toBe(200);
    expect(readCredentials(dataFolder)?.url).toBe(url.replace('localhost', '127.0.0.1'));

    const list = hearth('tokens', '--json');
    expect(await list.ended).toBe(0);
    expect(JSON.parse(list.output())).toEqual([
      expect.objectContaining({ name: 'hearth up', operator: true }),
      expect.objectContaining({ name: 'first', operator: true, hint: token.slice(-4) }),
    ]);
    const added = hearth('members', 'add', 'bob');
    expect(await added.ended).toBe(0);
    const made = hearth(
      'tokens',
      'add',
      'laptop',
      '--member',
      'bob',
      '--scope',
      'deploy',
      '--expires',
      '90d',
      '--json',
    );
    expect(await made.ended).toBe(0);
    expect(JSON.parse(made.output())).toMatchObject({ member: 'bob', scope: 'deploy', expires_at: expect.any(String) });
    const log = hearth('audit', '--since', '1h', '--json');
    expect(await log.ended).toBe(0);
    expect(JSON.parse(log.output())).toMatchObject([
      { operation: 'tokens.create', outcome: 'done', token: { name: 'hearth up' } },
      { operation: 'members.add', subject: 'hearth/bob' },
    ]);
    const missing = hearth('run', 'hearth/none', '-i', 'a=b');
    expect(await missing.ended).toBe(1);
    expect(missing.output()).toContain('hearth/none was not found');

    const second = hearth('up');
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`runs on ${dataFolder} already, as process ${up.process.pid}`);
    expect((await account(url, token)).status).toBe(200);
  });

  test('a server that dies is started again, and it is said which and of what', async () => {
    const [up] = running.filter(({ process: child }) => child.exitCode === null && child.signalCode === null);
    if (!up) throw new Error('the start of the test before has ended');
    const api = processesOfFolder().find((command) => command.includes('apps/api/src/main.ts'));
    process.kill(Number.parseInt(api ?? '', 10), 'SIGKILL');
    await up.printed('api was ended by SIGKILL; starting it again in 200 ms');
    const url = addressIn(up.output());
    await expect
      .poll(
        () =>
          account(url, token).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 30_000 },
      )
      .toBe(200);
  });

  test('killed with -9, what it started follows it, and the next start works', async () => {
    const [up] = running.filter(({ process: child }) => child.exitCode === null && child.signalCode === null);
    if (!up) throw new Error('the start of the test before has ended');
    up.process.kill('SIGKILL');
    await up.ended;
    await expect.poll(processesOfFolder, { timeout: 30_000 }).toEqual([]);

    const next = hearth('up');
    await next.printed(READY);
    expect((await account(addressIn(next.output()), token)).status).toBe(200);
    next.process.kill('SIGTERM');
    expect(await next.ended).toBe(0);
    expect(processesOfFolder()).toEqual([]);
  });

  test('interrupted while it starts, it leaves nothing', async () => {
    const up = hearth('up');
    await up.printed('Queue');
    up.process.kill('SIGINT');
    expect(await up.ended).toBe(0);
    expect(processesOfFolder()).toEqual([]);
  });
});

test('nothing to talk to is one sentence that says how to start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-none-'));
  const env = {
    ...environment(),
    HEARTH_DATA_DIR: folder,
    HEARTH_URL: `http://127.0.0.1:${await choosePort(0, '127.0.0.1')}`,
    HEARTH_API_TOKEN: 'hth_nobody',
  };
  const child = spawn(process.execPath, [main, 'ps'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  rmSync(folder, { recursive: true });
  expect(said).toContain('npm start');
  expect(said.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
});
