import { buffer, text } from 'node:stream/consumers';
import { newId } from '@hearth/kit';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../src/dispatcher.ts';
import { GENERATIONS } from './generations.ts';
import { createWorld, eventually, type Stage, type World } from './world.ts';

describe.each(GENERATIONS)('with %s', (generation) => {
  let world: World;
  let dispatcher: Dispatcher;
  beforeEach(async () => {
    world = await createWorld('postgres', undefined, generation);
    dispatcher = await world.dispatch();
  });
  afterEach(() => world.close());

  const PNG = Buffer.from('not really a picture');

  const upload = async (
    { instance, token }: Stage,
    name: string,
    headers: Record<string, string> = {},
    body: Buffer = PNG,
  ) => {
    const url = `${dispatcher.callbackUrl}/uploads/${instance.id}/${token}/${name}`;
    const response = await request(url, { method: 'PUT', headers: { 'content-type': 'image/png', ...headers }, body });
    await response.body.dump();
    return { status: response.statusCode, location: String(response.headers.location) };
  };

  const OUTPUT_URL = /^http:\/\/hearth\.test\/v1\/outputs\/([0-9a-z]{26})\.(\d+\.[\w-]{43})\/(.+)$/;

  /** The stored file behind an output's URL; also proves that the URL is signed. */
  async function stored(url: unknown) {
    const [, id = '', signature = '', name] = OUTPUT_URL.exec(String(url)) ?? [];
    expect(world.signer.verify(id, signature, Date.now() / 1000)).toBe(true);
    return { name, row: await world.store.files.get(id), bytes: await buffer(await world.blobs.get(id)) };
  }

  const uploaded = async (over: { accountId?: string; name?: string; expiresAt?: number } = {}): Promise<string> => {
    const id = newId(Date.now());
    const facts = await world.blobs.put(id, PNG, { maxBytes: 1_000 });
    await world.store.files.insert({
      id,
      accountId: world.accountId,
      kind: 'upload',
      predictionId: null,
      name: 'a page.png',
      contentType: 'image/png',
      metadata: {},
      createdAt: Date.now(),
      expiresAt: null,
      ...facts,
      ...over,
    });
    return id;
  };

  describe('an upload', () => {
    it('that names its prediction is stored as its output', async () => {
      const stage = await world.stage({ slots: 2 });
      const ids = [await world.predict(), await world.predict()];
      const calls = [await stage.model.next(), await stage.model.next()];
      const { status, location } = await upload(stage, 'out.png', { 'x-prediction-id': calls[1]?.id ?? '' });
      expect(status).toBe(201);
      const { name, row, bytes } = await stored(location);
      expect(name).toBe('out.png');
      expect(bytes).toEqual(PNG);
      expect(row).toMatchObject({
        kind: 'output',
        accountId: world.accountId,
        contentType: 'image/png',
        sizeBytes: PNG.length,
      });
      expect(`${row?.predictionId}-1`).toBe(calls[1]?.id);
      for (const call of calls) await call.report({ status: 'succeeded', output: location });
      expect(await world.get(ids[0] ?? '')).toMatchObject({ output: location });
    });

    it('that names none belongs to the only prediction in flight; with several, to none', async () => {
      const stage = await world.stage({ slots: 2 });
      const id = await world.predict();
      const call = await stage.model.next();
      expect((await stored((await upload(stage, 'one.png')).location)).row?.predictionId).toBe(id);
      await world.predict();
      const other = await stage.model.next();
      expect((await stored((await upload(stage, 'two.png')).location)).row).toMatchObject({
        predictionId: null,
        accountId: null,
      });
      for (const each of [call, other]) await each.report({ status: 'succeeded' });
    });

    it('that named none gets the prediction whose output names it, however deep', async () => {
      const stage = await world.stage({ slots: 2 });
      const [first, second] = [await world.predict(), await world.predict()];
      const calls = [await stage.model.next(), await stage.model.next()];
      const urls = [(await upload(stage, 'a.png')).location, (await upload(stage, 'b.png')).location];
      const callOf = (id: string) => calls.find((call) => call.id.startsWith(id));
      await callOf(first)?.report({
        status: 'succeeded',
        output: { files: [urls[0], 'https://elsewhere.test/x.png'] },
      });
      // Another's file stays another's.
      await callOf(second)?.report({ status: 'succeeded', output: urls });
      const owners = await Promise.all(urls.map(async (url) => (await stored(url)).row));
      expect(owners).toMatchObject([
        { predictionId: first, accountId: world.accountId },
        { predictionId: second, accountId: world.accountId },
      ]);
    });

    it('under a name that no database can hold is kept under the nearest that one can', async () => {
      const stage = await world.stage();
      await world.predict();
      const call = await stage.model.next();
      const { row } = await stored((await upload(stage, 'a%00b.txt')).location);
      expect(row?.name).toBe('a\ufffdb.txt');
      await call.report({ status: 'succeeded' });
    });

    it('of nothing is an empty file', async () => {
      const stage = await world.stage();
      await world.predict();
      const call = await stage.model.next();
      expect((await stored((await upload(stage, 'empty.txt', {}, Buffer.alloc(0))).location)).bytes).toHaveLength(0);
      await call.report({ status: 'succeeded' });
    });

    it('is refused for a run that is over, and with the wrong token', async () => {
      const stage = await world.stage();
      await world.predict();
      const call = await stage.model.next();
      expect((await upload({ ...stage, token: 'hth_wrong' }, 'out.png')).status).toBe(401);
      expect((await upload(stage, 'out.png', { 'x-prediction-id': 'another' })).status).toBe(201);
      await call.report({ status: 'succeeded' });
      expect((await upload(stage, 'out.png', { 'x-prediction-id': call.id })).status).toBe(409);
      expect((await upload(stage, 'out.png')).status).toBe(409);
    });
  });

  describe('a report', () => {
    it('with the wrong token, of an unknown instance or that is no report, changes nothing', async () => {
      const { model, token } = await world.stage();
      const other = await world.stage();
      const id = await world.predict();
      const call = await Promise.race([model.next(), other.model.next()]);
      expect(await call.report({ status: 'succeeded' }, { token: '' })).toBe(401);
      expect(await call.report({ status: 'succeeded' }, { token: 'hth_wrong' })).toBe(401);
      const stranger = call.webhook.includes(other.instance.id) ? token : other.token;
      expect(await call.report({ status: 'succeeded' }, { token: stranger })).toBe(401);
      expect(await call.report({ status: 'running' })).toBe(400);
      expect(await call.send('{"status":')).toBe(400);
      expect(await call.report({ status: 'succeeded' }, { id: 'unknown-1' })).toBe(200);
      expect(await world.get(id)).toMatchObject({ status: 'processing' });
      const withoutToken = async (url: string) =>
        (await fetch(url, { method: 'POST', body: JSON.stringify({ status: 'succeeded', output: 'mine' }) })).status;
      expect(await withoutToken(call.webhook.replace(/\?.*/, ''))).toBe(401);
      expect(await withoutToken(call.webhook.replace(/.$/, '-'))).toBe(401);
      expect(await world.get(id)).toMatchObject({ status: 'processing' });
      expect(await withoutToken(call.webhook), 'the address itself is proof enough').toBe(200);
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: 'mine' });
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded' });
    });

    it('may be large, and hold what Postgres cannot', async () => {
      const { model } = await world.stage();
      const id = await world.predict();
      const call = await model.next();
      const output = 'x'.repeat(5_000_000);
      expect(await call.report({ status: 'succeeded', output, logs: 'a\u0000b', error: null })).toBe(200);
      const row = await world.get(id);
      expect(row).toMatchObject({ output, logs: 'a\ufffdb' });
    });
  });

  describe('reports that have grown too large', () => {
    it('end the prediction, with the reason', async () => {
      const { model } = await world.stage();
      model.onCancel = () => 404;
      const id = await world.predict();
      const call = await model.next();
      expect(await call.report({ status: 'succeeded', output: 'x'.repeat(65 * 2 ** 20) })).toBe(413);
      await eventually(() => expect(model.canceled).toEqual([call.id]));
      await call.report({ status: 'canceled', output: null });
      expect(await world.get(id)).toMatchObject({
        status: 'failed',
        error: 'Its output and logs exceed 64 MiB (HEARTH_MAX_REPORT).',
      });
    });
  });

  describe('an output', () => {
    it('that comes as data: URIs is stored, each once, and shown as URLs, also while it grows', async () => {
      const { model } = await world.stage();
      const id = await world.predict();
      const call = await model.next();
      const image = `data:image/png;base64,${PNG.toString('base64')}`;
      const note = `data:text/plain;charset=utf-8;base64,${Buffer.from('hi').toString('base64')}`;
      await call.report({ status: 'processing', output: [image] });
      await call.report({ status: 'succeeded', output: [image, { note, plain: 'data: none', n: 1 }] });
      const { output } = await world.get(id);
      const [first, second] = output as [string, { note: string; plain: string; n: number }];
      expect(await stored(first)).toMatchObject({
        name: 'output.png',
        bytes: PNG,
        row: { predictionId: id, contentType: 'image/png' },
      });
      expect(await stored(second.note)).toMatchObject({ name: 'output-1.txt', bytes: Buffer.from('hi') });
      expect(second).toMatchObject({ plain: 'data: none', n: 1 });
    });
  });

  describe('an input', () => {
    const sent = async (input: Record<string, unknown>) => {
      const { model } = await world.stage();
      await world.predict(input);
      return (await model.next()).input;
    };

    it('that is an uploaded file becomes a URL the container can fetch, wherever it stands', async () => {
      const id = await uploaded();
      const input = await sent({
        image: `http://localhost:7600/v1/files/${id}`,
        list: [
          `https://hearth.example/v1/v1/files/${id}`,
          { deep: `http://h/v1/files/${id}/download?owner=a&expiry=1&signature=s` },
        ],
        kept: null,
        inside: { kept: null },
      });
      const urls = [input.image, ...(input.list as [string, { deep: string }])].map((item) =>
        typeof item === 'object' && item !== null && 'deep' in item ? item.deep : item,
      );
      for (const url of urls) {
        expect(url).toMatch(
          new RegExp(`^${dispatcher.callbackUrl}/inputs/[0-9a-z]{26}-1/${id}/a%20page\\.png\\?signature=`),
        );
        const response = await request(String(url));
        expect(response).toMatchObject({
          statusCode: 200,
          headers: { 'content-type': 'image/png', 'content-length': String(PNG.length) },
        });
        expect(await text(response.body)).toBe(PNG.toString());
      }
      expect(input.kept).toBeNull();
      expect(input.inside).toEqual({ kept: null });
      expect((await request(String(input.image).replace(/.$/, '-'))).statusCode).toBe(401);
      expect((await request(String(input.image).replace(/\?.*/, ''))).statusCode).toBe(401);
    });

    it('that is the output of an earlier prediction can be fetched too', async () => {
      const id = await uploaded();
      const signature = world.signer.sign(id, (Date.now() / 1000 + 60) | 0);
      const { image, forged } = await sent({
        image: `http://localhost:7600/v1/outputs/${id}.${signature}/a.png`,
        forged: `http://localhost:7600/v1/outputs/${id}.1${signature}/a.png`,
      });
      expect(await text((await request(String(image))).body)).toBe(PNG.toString());
      expect(forged).toBe(`http://localhost:7600/v1/outputs/${id}.1${signature}/a.png`);
    });

    it("that is unknown, another account's, expired or no file of ours stays as it is", async () => {
      const stranger = await world.store.accounts.ensure({ type: 'user', username: 'eve', name: 'Eve' });
      const input = {
        unknown: `http://localhost:7600/v1/files/${newId(Date.now())}`,
        theirs: `http://localhost:7600/v1/files/${await uploaded({ accountId: stranger.id })}`,
        expired: `http://localhost:7600/v1/files/${await uploaded({ expiresAt: Date.now() - 1_000 })}`,
        elsewhere: 'https://example.com/files/1.png',
        text: 'see /v1/files/1',
      };
      expect(await sent(input)).toEqual(input);
    });
  });

  describe('the callback listener', () => {
    it('shows its health and its figures to this machine', async () => {
      const { model } = await world.stage();
      await world.predict();
      await (await model.next()).report({ status: 'succeeded' });
      expect(await (await request(`${dispatcher.callbackUrl}/health`)).body.json()).toEqual({ status: 'ok' });
      const metrics = await (await request(`${dispatcher.callbackUrl}/metrics`)).body.text();
      expect(metrics).toMatch(/hearth_prediction_run_seconds_count\{.*status="succeeded".*\} 1/);
    });
  });
});
