import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askForStores, askToRestart, openControl } from '../src/up/control.ts';
import { type HeldSocket, holdSocket } from '../src/up/held-socket.ts';
import { watchLife } from '../src/up/life.ts';
import { choosePort } from '../src/up/ports.ts';
import { type Death, SuccessorEnded, type Supervised, supervise } from '../src/up/supervise.ts';

const ALIVE = `setInterval(() => process.send('alive'), 20); process.send('alive');`;
const HANDS_OVER = `process.on('SIGUSR2', () => process.exit(0));`;

const children: ChildProcess[] = [];
const begin = (script: string, ...handed: number[]): ChildProcess => {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', ...handed, 'ipc'] });
  children.push(child);
  return child;
};
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('a child that is replaced', () => {
  test('goes on until its successor has started, and is told to hand over then', async () => {
    const supervised = supervise(
      () => begin(HANDS_OVER + ALIVE),
      () => {},
    );
    const [first] = children;
    if (first !== undefined) await once(first, 'message');
    const { gone } = await supervised.replace();
    expect(await gone).toEqual({ code: 0, signal: null, hung: false });
    expect(children).toHaveLength(2);
    expect([first?.exitCode, children[1]?.exitCode]).toEqual([0, null]);
    await supervised.stop();
  });

  test('stays where its successor does not start', async () => {
    const scripts = [ALIVE, 'process.exit(3)'];
    const supervised = supervise(
      () => begin(scripts.shift() ?? ''),
      () => {},
    );
    await expect(supervised.replace()).rejects.toThrow(SuccessorEnded);
    expect(children.map(({ exitCode }) => exitCode)).toEqual([null, 3]);
    await supervised.stop();
  });

  test('need not live any more: its successor is then the one that is started again', async () => {
    const deaths: Death[] = [];
    const died = Promise.withResolvers<void>();
    const supervised: Supervised = supervise(
      () => begin(children.length === 0 ? 'process.exit(1)' : ALIVE),
      (death) => {
        deaths.push(death);
        died.resolve();
      },
    );
    await died.promise;
    await supervised.replace();
    expect(children).toHaveLength(2);
    await supervised.stop();
    expect(deaths).toHaveLength(1);
  });
});

test('a child that no longer says that it is alive is ended; one that never began to is left alone', async () => {
  const silent = watchLife(begin(`process.send('alive'); setInterval(() => {}, 1000)`), 20);
  await silent.started;
  expect(await silent.gone).toEqual({ code: null, signal: 'SIGKILL', hung: true });
});

describe('a held socket', () => {
  const LISTENS = `require('http').createServer((_, r) => r.end(String(process.pid))).listen({ fd: 3 }, () => process.send('alive'));`;
  let socket: HeldSocket;
  let url: string;
  beforeEach(async () => {
    const port = await choosePort(0, '127.0.0.1');
    socket = await holdSocket('127.0.0.1', port);
    url = `http://127.0.0.1:${port}`;
  });
  afterEach(() => socket.close());

  test('keeps connections waiting between the end of one server and the start of the next', async () => {
    const first = begin(LISTENS, socket.fd);
    await once(first, 'message');
    first.kill('SIGKILL');
    await once(first, 'exit');
    const answer = fetch(url).then((response) => response.text());
    const second = begin(LISTENS, socket.fd);
    expect(await answer).toBe(String(second.pid));
  });

  test('says where it cannot be had', async () => {
    // An address of documents, which no machine has.
    await expect(holdSocket('192.0.2.1', 0)).rejects.toThrow('cannot listen on 192.0.2.1:0: EADDRNOTAVAIL');
  });
});

describe('the control socket', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-control-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('reaches the `up` of its data folder, and hears what went wrong', async () => {
    const asked: string[] = [];
    const control = await openControl(folder, {
      stores: { databaseUrl: 'postgres://127.0.0.1/hearth', redisUrl: null },
      async restart(room) {
        asked.push(room);
        if (room === 'api') throw new Error('a new api does not come up');
      },
    });
    expect(await askForStores(folder)).toEqual({ databaseUrl: 'postgres://127.0.0.1/hearth', redisUrl: null });
    expect(statSync(join(folder, 'up.sock')).mode & 0o777).toBe(0o700);
    await askToRestart(folder, 'scheduler');
    await expect(askToRestart(folder, 'api')).rejects.toThrow('The api was not restarted: a new api does not come up');
    expect(asked).toEqual(['scheduler', 'api']);
    await control.stop();
  });

  test('says where no `up` runs', async () => {
    expect(await askForStores(folder)).toBeNull();
    await expect(askToRestart(folder, 'api')).rejects.toThrow(`No \`hearth up\` runs on ${folder}`);
  });
});
