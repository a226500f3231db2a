import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTarget } from '../src/connect.ts';
import { deathsInARow, restartDelayMs } from '../src/up/backoff.ts';
import { upConfig } from '../src/up/config.ts';
import { FolderInUse, lockFolder, readCredentials, writeCredentials } from '../src/up/data-folder.ts';
import { type Engine, engineAddress, findEngine } from '../src/up/docker-engine.ts';
import { chooseExampleRuntime } from '../src/up/examples.ts';
import { createHouse } from '../src/up/house.ts';
import { choosePort, needPorts, PortTaken, whyUnreachable } from '../src/up/ports.ts';
import { type Death, supervise } from '../src/up/supervise.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-up-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('what dies is started again, ever more slowly', () => {
  test.each([
    [1, 200],
    [2, 400],
    [6, 6400],
    [7, 10_000],
    [2000, 10_000],
  ])('after death %i in a row: %i ms', (deaths, delayMs) => {
    expect(restartDelayMs(deaths)).toBe(delayMs);
  });
  test('a life of 30 s was a good one', () => {
    expect(deathsInARow(5, 29_999)).toBe(6);
    expect(deathsInARow(5, 30_000)).toBe(1);
  });

  test('a child that dies is started again, and one that is stopped is not', async () => {
    const starts: ChildProcess[] = [];
    const { promise: twoDeaths, resolve } = Promise.withResolvers<Death>();
    const start = (): ChildProcess => {
      const script = starts.length < 2 ? 'process.exit(7)' : 'setInterval(() => {}, 1000)';
      const child = spawn(process.execPath, ['-e', script]);
      starts.push(child);
      if (starts.length === 3) child.once('spawn', () => spawned.resolve());
      return child;
    };
    const spawned = Promise.withResolvers<void>();
    const supervised = supervise(start, (death) => death.inARow === 2 && resolve(death));
    expect(await twoDeaths).toMatchObject({ code: 7, signal: null, restartInMs: 400 });
    await spawned.promise;
    await supervised.stop();
    expect(starts.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([7, 7, 'SIGTERM']);
  });

  test('a program that is not there is a death too', async () => {
    const { promise, resolve } = Promise.withResolvers<Death>();
    const supervised = supervise(() => spawn('/no/such/program'), resolve);
    expect(await promise).toMatchObject({ code: null, signal: null });
    await supervised.stop();
  });
});

describe('the house', () => {
  const part = (name: string, said: string[]) => async () => ({
    stop: async () => void said.push(`stop ${name}`),
    kill: () => void said.push(`kill ${name}`),
  });
  test('ends in the reverse order, also what was still starting', async () => {
    const said: string[] = [];
    const house = createHouse();
    await house.keep('a', 1000, part('a', said));
    house.keep('b', 1000, part('b', said)).catch(() => {});
    await house.close(() => {});
    expect(said).toEqual(['stop b', 'stop a']);
    await expect(house.keep('c', 1000, part('c', said))).rejects.toThrow('not started any more');
  });
  test('kills a part that takes longer than its bound', async () => {
    const house = createHouse();
    const ended = Promise.withResolvers<void>();
    await house.keep('slow', 10, async () => ({ stop: () => ended.promise, kill: () => ended.resolve() }));
    await house.close(() => {});
  });
});

describe('the data folder', () => {
  test('belongs to one `up` at a time, and the error names it', () => {
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(FolderInUse);
    expect(() => lockFolder(folder)).toThrow(`as process ${process.pid}`);
    lock.release();
    expect(lockFolder(folder).wasAbandoned).toBe(false);
  });
  test.each([
    ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, startedAt: '1' })],
    ['a process id that belongs to another by now', JSON.stringify({ pid: process.pid, startedAt: '1' })],
    ['a lock that was cut off', '{"pid":'],
  ])('a lock of %s is taken over', (_name, content) => {
    writeFileSync(join(folder, 'up.pid'), content);
    expect(lockFolder(folder).wasAbandoned).toBe(true);
  });
  test('a folder that cannot be one is named with the variable that sets it', () => {
    writeFileSync(join(folder, 'file'), '');
    const inFile = join(folder, 'file', 'data');
    expect(() => lockFolder(inFile)).toThrow(`HEARTH_DATA_DIR is ${inFile}, which cannot be used: ENOTDIR`);
  });
  test("the command line's token is readable by its owner alone", () => {
    writeFileSync(join(folder, 'cli.json'), 'old', { mode: 0o644 });
    writeCredentials(folder, { url: 'http://localhost:7600', token: 'hth_x' });
    expect(statSync(join(folder, 'cli.json')).mode & 0o777).toBe(0o600);
    expect(readCredentials(folder)).toEqual({ url: 'http://localhost:7600', token: 'hth_x' });
  });
});

describe('which Hearth the other verbs talk to', () => {
  test('the one of the data folder, and its token goes nowhere else', () => {
    writeCredentials(folder, { url: 'http://localhost:7600', token: 'hth_local' });
    const env = { HEARTH_DATA_DIR: folder };
    expect(findTarget(env)).toEqual({ url: 'http://localhost:7600', token: 'hth_local' });
    const elsewhere = { ...env, HEARTH_URL: 'https://hearth.example.com' };
    expect(() => findTarget(elsewhere)).toThrow('There is no token for https://hearth.example.com');
    expect(() => findTarget({ ...env, HEARTH_URL: 'gpu:7600' })).toThrow('HEARTH_URL is "gpu:7600"; allowed: where');
    expect(findTarget({ ...elsewhere, HEARTH_API_TOKEN: 'hth_other' }).token).toBe('hth_other');
  });
});

describe('settings', () => {
  test('a relative data folder is meant from the repository', () => {
    expect(upConfig({}).HEARTH_DATA_DIR).toMatch(/\/\.hearth$/);
    expect(upConfig({ HEARTH_DATA_DIR: '/data' }).HEARTH_DATA_DIR).toBe('/data');
  });
  test('every bad one is named, with what is allowed', () => {
    expect(() => upConfig({ HEARTH_PORT: '70000', HEARTH_RUNTIME: 'podman' })).toThrow(
      /HEARTH_PORT is "70000"; allowed: .*65535\nHEARTH_RUNTIME is "podman"; allowed: auto, docker, process/,
    );
  });
});

describe('the Docker Engine', () => {
  test.each([
    [undefined, false, { kind: 'socket', path: '/var/run/docker.sock' }],
    ['unix:///run/user/1000/docker.sock', false, { kind: 'socket', path: '/run/user/1000/docker.sock' }],
    ['tcp://10.0.0.2:2375', false, { kind: 'tcp', origin: 'http://10.0.0.2:2375' }],
    ['tcp://10.0.0.2:2376', true, { kind: 'tcp', origin: 'https://10.0.0.2:2376' }],
  ])('DOCKER_HOST %s', (host, certificates, address) => {
    expect(engineAddress(host, certificates)).toEqual(address);
  });
  test('what it cannot be is said', () => {
    expect(engineAddress('ssh://me@host')).toMatchObject({
      kind: 'unsupported',
      why: expect.stringContaining('ssh://me@host'),
    });
  });
  test('where none answers, the sentence names the place and the reason', async () => {
    expect(await findEngine(`unix://${folder}/none.sock`, undefined)).toMatch(
      /^no Docker Engine answers at .*none\.sock \(.*ENOENT/,
    );
  });
  test('one that accepts and says nothing is given two seconds', async () => {
    const path = join(folder, 'mute.sock');
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await findEngine(`unix://${path}`, undefined)).toMatch(/no answer in time/);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the examples run', () => {
  const never = new AbortController().signal;

  /** A Docker Engine of version 0 without images; `pull` is what it answers to a pull. */
  async function withEngine<T>(
    pull: { status: number; body: string },
    use: (engine: Engine) => Promise<T>,
  ): Promise<T> {
    const path = join(folder, 'docker.sock');
    const server = createHttpServer((request, response) => {
      const url = request.url ?? '';
      if (url.startsWith('/images/create')) response.writeHead(pull.status).end(pull.body);
      else if (url.startsWith('/images/')) response.writeHead(404).end('{"message":"No such image"}');
      else if (url === '/networks/bridge') response.end('{"IPAM":{"Config":[{"Subnet":"127.9.9.0/24"}]}}');
      else response.end('{"Version":"0"}');
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const engine = await findEngine(`unix://${path}`, undefined);
    if (typeof engine === 'string') throw new Error(engine);
    try {
      return await use(engine);
    } finally {
      await engine.close();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('as processes where there is no engine', async () => {
    expect(await chooseExampleRuntime(null, never)).toEqual({ kind: 'process', note: null });
  });
  test('as containers where the base image can be pulled', async () => {
    const pull = { status: 200, body: '{"status":"Pulling"}\n{"status":"Downloaded"}\n' };
    expect(await withEngine(pull, (engine) => chooseExampleRuntime(engine, never))).toEqual({
      kind: 'container',
      note: null,
    });
  });
  test.each([
    ['refused', { status: 500, body: '{"message":"no route to host"}' }],
    ['broken off', { status: 200, body: '{"status":"Pulling"}\n{"error":"no route to host"}\n' }],
  ])('as processes where the pull is %s, and say why', async (_name, pull) => {
    const runtime = await withEngine(pull, (engine) => chooseExampleRuntime(engine, never));
    expect(runtime.kind).toBe('process');
    expect(runtime.note).toMatch(/base image node:24-bookworm-slim cannot be had: .*no route to host/);
  });
  test('the bridge that the engine does not tell is the first address of its subnet, if it is ours', async () => {
    const pull = { status: 200, body: '' };
    expect(await withEngine(pull, async (engine) => engine.gateway)).toBe('127.9.9.1');
  });
});

describe('ports', () => {
  const never = new AbortController().signal;
  test('one that is taken is named with the variable that sets it', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const wanted = [{ key: 'HEARTH_PORT', port, host: '127.0.0.1' }];
    await expect(needPorts(wanted, 0, never)).rejects.toThrow(PortTaken);
    await expect(needPorts(wanted, 0, never)).rejects.toThrow(
      `Port ${port} of 127.0.0.1 is taken by another program. Set HEARTH_PORT`,
    );
    const patient = needPorts(wanted, 10_000, never);
    await new Promise((resolve) => server.close(resolve));
    await patient;
  });
  test('all that are taken are named at once', async () => {
    const servers = [createServer(), createServer()];
    const ports: number[] = [];
    for (const server of servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      if (typeof address === 'object' && address !== null) ports.push(address.port);
    }
    const wanted = ports.map((port, at) => ({ key: `HEARTH_${at}`, port, host: '127.0.0.1' }));
    await expect(needPorts(wanted, 0, never)).rejects.toThrow(/Set HEARTH_0 to a free one.\n.* Set HEARTH_1 to/);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await needPorts(wanted, 0, never);
  });
  test('one port for two of our own servers is refused, on two addresses of the machine it is not', async () => {
    const port = await choosePort(0, '127.0.0.1');
    const api = { key: 'HEARTH_PORT', port, host: '127.0.0.1' };
    await expect(needPorts([api, { ...api, key: 'HEARTH_CALLBACK_PORT' }], 0, never)).rejects.toThrow(
      `HEARTH_PORT and HEARTH_CALLBACK_PORT are both ${port}. Each needs one of its own.`,
    );
    await needPorts([api, { ...api, key: 'HEARTH_CALLBACK_PORT', host: '127.0.0.2' }], 0, never);
  });
  test('an address where nobody listens is told from one where somebody does', async () => {
    const path = join(folder, 'some.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await whyUnreachable(`unix://${path}`, 0)).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(await whyUnreachable(`unix://${path}`, 0)).toBe('ENOENT');
    const port = await choosePort(0, '127.0.0.1');
    expect(await whyUnreachable(`redis://127.0.0.1:${port}`, 6379)).toBe('ECONNREFUSED');
  });
  test('0 becomes a free one', async () => {
    expect(await choosePort(0, '127.0.0.1')).toBeGreaterThan(0);
    expect(await choosePort(7600, '127.0.0.1')).toBe(7600);
  });
});
