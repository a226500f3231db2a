import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { assert, nat, property, string } from 'fast-check';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptLog } from '../src/model/log-limit.ts';
import { createWorld, eventually, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const LIMITS = { logChars: 400, reportBytes: 4_000, outputFileBytes: 10, outputFiles: 2, connections: 3 };
const dispatch = () => {
  world.limits = LIMITS;
  return world.dispatch();
};

describe('logs', () => {
  it('past the limit lose their middle, with a note, and the prediction succeeds', async () => {
    await dispatch();
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    const begun = 'a'.repeat(350);
    await call.report({ status: 'processing', logs: begun });
    await eventually(async () => expect((await world.get(id)).logs).toBe(begun.slice(0, 300)));
    await call.report({ status: 'succeeded', output: 'done', logs: `${begun}${'b'.repeat(200)}the end` });
    const row = await world.ended(id);
    expect(row.status).toBe('succeeded');
    const note = '\n[157 characters of this log are left out here: HEARTH_MAX_LOGS is 400]\n';
    expect(row.logs).toBe(`${'a'.repeat(300)}${note}${'b'.repeat(93)}the end`);
  });

  it('only ever grow while they are told, and are whole where they fit', () => {
    assert(
      property(string(), nat(), nat(40), (log, at, maxChars) => {
        const [sooner, later] = [at % (log.length + 1), log.length].toSorted((a, b) => a - b);
        const told = keptLog(log.slice(0, sooner), maxChars, false);
        expect(keptLog(log.slice(0, later), maxChars, false).startsWith(told)).toBe(true);
        expect(keptLog(log, maxChars, true).startsWith(told)).toBe(true);
        if (log.length <= maxChars) expect(keptLog(log, maxChars, true)).toBe(log);
      }),
    );
  });
});

it('a report past the limit fails its prediction, which says which limit', async () => {
  await dispatch();
  const { model } = await world.stage();
  const id = await world.predict();
  const call = await model.next();
  expect(await call.report({ status: 'processing', output: ['x'.repeat(5_000)] })).toBe(413);
  await eventually(() => expect(model.canceled).toEqual([call.id]));
  await call.report({ status: 'canceled' });
  expect((await world.ended(id)).error).toBe('Its output and logs exceed 4000 bytes (HEARTH_MAX_REPORT).');
});

it('connections of one address are no more than their number, and others are heard all the same', async () => {
  const { callbackUrl } = await dispatch();
  const [port, host, crowd] = [Number(new URL(callbackUrl).port), '127.0.0.1', '127.0.0.2'];
  // To this question strangers are answered 404: it is heard, or there is no answer.
  const isHeard = async (localAddress: string): Promise<boolean> => {
    const asked = http.get({ port, host, localAddress, agent: false, path: '/health' });
    return once(asked, 'response').then(
      () => true,
      () => false,
    );
  };
  const held = await Promise.all(
    [1, 2, 3].map(async () => {
      const socket = connect({ port, host, localAddress: crowd });
      await once(socket, 'connect');
      return socket;
    }),
  );
  expect(await isHeard(crowd)).toBe(false);
  expect(await isHeard('127.0.0.3')).toBe(true);
  held.pop()?.destroy();
  await eventually(async () => expect(await isHeard(crowd)).toBe(true));
  for (const socket of held) socket.destroy();
});

describe('output files', () => {
  const put = async (url: string, body: string) => {
    const answer = await request(url, { method: 'PUT', body });
    return { status: answer.statusCode, text: await answer.body.text() };
  };

  it('are refused past their number and their size, and the refusals name the limits', async () => {
    const { callbackUrl } = await dispatch();
    const { model, instance, token } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    const url = (name: string) => `${callbackUrl}/uploads/${instance.id}/${token}/${name}`;
    expect(await put(url('large.bin'), 'x'.repeat(11))).toMatchObject({
      status: 413,
      text: expect.stringContaining('HEARTH_MAX_OUTPUT_FILE)'),
    });
    expect((await put(url('one.bin'), 'x')).status).toBe(201);
    expect((await put(url('two.bin'), 'x')).status).toBe(201);
    expect(await put(url('three.bin'), 'x')).toMatchObject({
      status: 413,
      text: expect.stringContaining('more than 2 output files (HEARTH_MAX_OUTPUT_FILES)'),
    });
    await call.report({ status: 'succeeded', output: null });
    expect(await world.ended(id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('could not be stored'),
    });
  });

  it('are no more than their number, however many are sent at once', async () => {
    const { callbackUrl } = await dispatch();
    const { model, instance, token } = await world.stage();
    await world.predict();
    await model.next();
    const url = (n: number) => `${callbackUrl}/uploads/${instance.id}/${token}/${n}.bin`;
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => put(url(n), 'x')));
    const stored = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 413);
    expect([stored.length, refused.length]).toEqual([2, 4]);
  });

  it('that could not be stored leave their places to others', async () => {
    const { callbackUrl } = await dispatch();
    const { model, instance, token } = await world.stage();
    await world.predict();
    await model.next();
    const url = (name: string) => `${callbackUrl}/uploads/${instance.id}/${token}/${name}`;
    for (const name of ['large.bin', 'larger.bin']) expect((await put(url(name), 'x'.repeat(11))).status).toBe(413);
    for (const name of ['one.bin', 'two.bin']) expect((await put(url(name), 'x')).status).toBe(201);
  });

  it('in the output itself count as well', async () => {
    await dispatch();
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    const output = ['eA==', 'eQ==', 'eg=='].map((data) => `data:text/plain;base64,${data}`);
    await call.report({ status: 'succeeded', output });
    expect((await world.ended(id)).error).toMatch('HEARTH_MAX_OUTPUT_FILES');
  });
});
