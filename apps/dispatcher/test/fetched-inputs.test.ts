import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createOutboundGuard } from '@hearth/kit';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInputFetch } from '../src/model/fetched-input.ts';
import { startNameServer } from './name-server.ts';
import { createWorld, eventually, type World } from './world.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const redirectTo =
  (location: string): RequestListener =>
  (_request, response) =>
    response.writeHead(302, { location }).end();
const hello: RequestListener = (_request, response) =>
  response.writeHead(200, { 'content-type': 'text/plain' }).end('hello');

describe('a fetch for a model', () => {
  const RULES = { allow: [], loopback: false, own: [], machine: [] };
  const get = async (url: string, guard: Parameters<typeof createOutboundGuard>[0]) => {
    const fetch = createInputFetch(createOutboundGuard(guard));
    try {
      return await text((await fetch.get(url, new AbortController().signal)).body);
    } catch (error) {
      return error instanceof Error ? error.message : error;
    } finally {
      await fetch.close();
    }
  };

  it('follows redirects, and judges where each of them leads', async () => {
    const target = await serve(hello);
    const own = [{ host: 'localhost', port: Number(new URL(target).port) }];
    const twice = await serve(redirectTo(await serve(redirectTo(`${target}/file.txt`))));
    expect(await get(twice, { rules: { ...RULES, loopback: true } })).toBe('hello');
    expect(await get(`${twice}/a.txt?signature=1`, { rules: { ...RULES, loopback: true, own } })).toBe(
      `Could not download ${twice}/a.txt: it leads to 127.0.0.1: a port of this platform itself, which Hearth does not open for a URL that it was given.`,
    );
  });

  it('does not go round in circles, nor to anything but http', async () => {
    const circle = await serve((incoming, response) => redirectTo(incoming.url ?? '/')(incoming, response));
    expect(await get(circle, { rules: { ...RULES, loopback: true } })).toMatch(/redirect/i);
    const file = await serve(redirectTo('file:///etc/passwd'));
    expect(await get(file, { rules: { ...RULES, loopback: true } })).toMatch(/^Could not download/);
  });

  it('goes where a name led when it was judged', async () => {
    const names = await startNameServer((_name, nth) => (nth === 0 ? ['127.0.0.1'] : ['169.254.169.254']));
    const target = (await serve(hello)).replace('127.0.0.1', 'once.test');
    const guard = { rules: { ...RULES, loopback: true }, resolve: names.resolve };
    expect(await get(target, guard)).toBe('hello');
    expect(await get(target, guard)).toMatch('it leads to once.test, which is 169.254.169.254');
    await names.close();
  });
});

describe('a process, which stands beside our stores', () => {
  let world: World;
  const Input = {
    type: 'object',
    properties: {
      image: { type: 'string', format: 'uri' },
      more: { type: 'array', items: { type: 'string', format: 'uri' } },
      text: { type: 'string' },
    },
  };
  beforeEach(async () => {
    world = await createWorld('postgres', undefined, 'B', Input);
    await world.dispatch();
  });
  afterEach(() => world.close());

  it("gets a user's file through us while it runs, and other texts as they are", async () => {
    const { model } = await world.stage();
    const site = await serve(hello);
    const [image, other] = [`${site}/pictures/a%20cat.txt?size=1`, `${site}/b.txt`];
    const id = await world.predict({ image, more: [other, 'data:text/plain,x'], text: image });
    const call = await model.next();
    const { text: unchanged, more, image: given } = call.input as { text: string; more: string[]; image: string };
    expect(unchanged).toBe(image);
    expect(more[1]).toBe('data:text/plain,x');
    expect(new URL(given).pathname).toBe(`/fetched/${id}-1/a%20cat.txt`);
    for (const url of [given, more[0] ?? '']) {
      const { statusCode, headers, body } = await request(url);
      expect({ statusCode, type: headers['content-type'], body: await body.text() }).toEqual({
        statusCode: 200,
        type: 'text/plain',
        body: 'hello',
      });
    }
    const swapped = new URL(given);
    swapped.searchParams.set('url', `${site}/other`);
    expect((await request(swapped)).statusCode).toBe(401);
    expect((await request(given.replace(`${id}-1`, `${id}-2`))).statusCode).toBe(401);
    await call.report({ status: 'succeeded', output: 'done' });
    await world.ended(id);
    await eventually(async () => expect((await request(given)).statusCode).toBe(401));
  });

  it('is not led to a model server, by itself or by a redirect, and its prediction says why', async () => {
    const { model } = await world.stage();
    const id = await world.predict({ image: await serve(redirectTo(`${model.url}/health-check`)) });
    const call = await model.next();
    const { statusCode, body } = await request(String(call.input.image));
    expect(statusCode).toBe(424);
    expect(await body.text()).toMatch('a port of this platform itself');
    await call.report({ status: 'failed', error: 'could not download' });
    expect((await world.ended(id)).error).toMatch(/^Could not download http:.* a port of this platform itself/);
  });
});
