import { createHash } from 'node:crypto';
import { createClient, type StreamEvent } from '@hearth/contract';
import { freePort } from '@hearth/kit';
import Replicate from 'replicate';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, startHouse } from './harness.ts';

/** Replicate's own JavaScript client, and ours, against a listening API. */
let house: House;
let version: string;
let dispatcher: ReturnType<typeof createDispatcher>;
let replicate: Replicate;
let ours: ReturnType<typeof createClient>;
let stopPlaying: () => void = () => {};

/** The API's own address goes into the URLs that it gives out, so the port is chosen before it is built. */
beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  house = await startHouse({ settings: { publicUrl } });
  dispatcher = createDispatcher(house.deps);
  version = (await house.addModel('echo')).version.id;
  await house.app.listen({ host: '127.0.0.1', port });
  replicate = new Replicate({ auth: house.admin.token, baseUrl: `${publicUrl}/v1` });
  ours = createClient({ baseUrl: publicUrl, token: house.admin.token });
});
afterEach(() => stopPlaying());
afterAll(() => house.close());

/** Runs each prediction as soon as it is queued, as the model that `play` describes. */
function playModel(play: (row: Awaited<ReturnType<typeof dispatcher.claim>>) => Promise<void>): void {
  const taken = new Set<string>();
  stopPlaying = house.whenPoked('scheduler', async () => {
    for (const { predictionId } of await house.store.predictions.waitingTickets(null, 10)) {
      if (taken.has(predictionId)) continue;
      taken.add(predictionId);
      await play(await dispatcher.claim(predictionId));
    }
  });
}
const echo = () =>
  playModel(async (row) => {
    await dispatcher.progress(row, { output: ['he'], logs: 'working\n' });
    await dispatcher.finish(row, 'succeeded', { output: ['he', 'llo'], logs: 'working\ndone\n' });
  });

describe("Replicate's client", () => {
  it('creates, gets, lists and waits', async () => {
    const created = await replicate.predictions.create({ version, input: { text: 'hi' } });
    expect(created.status).toBe('starting');
    expect((await replicate.predictions.get(created.id)).id).toBe(created.id);
    expect((await replicate.predictions.list()).results.map(({ id }) => id)).toContain(created.id);
    const row = await dispatcher.claim(created.id);
    const [ended] = await Promise.all([
      replicate.wait(created, { interval: 50 }),
      dispatcher.finish(row, 'succeeded', { output: ['x'] }),
    ]);
    expect(ended).toMatchObject({ status: 'succeeded', output: ['x'] });
  });

  it('runs a model and gets its output', async () => {
    echo();
    expect(await replicate.run('hearth/echo', { input: { text: 'hi' } })).toEqual(['he', 'llo']);
    expect(await replicate.run(`hearth/echo:${version}`, { input: { text: 'hi' } })).toEqual(['he', 'llo']);
  });

  it('runs a model that fails, and throws its error', async () => {
    playModel(async (row) => void (await dispatcher.finish(row, 'failed', { error: 'out of luck' })));
    await expect(replicate.run('hearth/echo', { input: { text: 'hi' } })).rejects.toThrow('out of luck');
  });

  it('goes on polling when the hold ends first', async () => {
    playModel(async (row) => {
      const held = await ours.predictions.get(row.id);
      expect(held.status).toBe('processing');
    });
    const run = replicate.run(
      'hearth/echo',
      { input: { text: 'slow' }, wait: { mode: 'block', timeout: 1, interval: 50 } },
      (prediction) => {
        if (prediction.status !== 'processing') return;
        house.store.predictions
          .get(prediction.id)
          .then((row) => row && dispatcher.finish(row, 'succeeded', { output: ['late'] }))
          // The progress callback runs at each poll: the second try finds it finished.
          .catch(() => {});
      },
    );
    expect(await run).toEqual(['late']);
  });

  it('streams, without a token', async () => {
    echo();
    const events = [];
    for await (const event of replicate.stream('hearth/echo', { input: { text: 'hi' } })) events.push(event);
    expect(events.map(({ event, data }) => [event, data])).toContainEqual(['output', 'llo']);
    expect(events.filter(({ event }) => event === 'output').map(({ data }) => data)).toEqual(['he', 'llo']);
    expect(events.at(-1)).toMatchObject({ event: 'done', data: '{}' });
    expect(events.every(({ id }) => /^\d+:\d+$/.test(id ?? ''))).toBe(true);
  });

  it('cancels', async () => {
    stopPlaying = house.whenPoked('dispatcher', async () => {
      for (const row of await house.store.predictions.due(Date.now())) await dispatcher.finish(row, 'canceled');
    });
    const created = await replicate.predictions.create({ version, input: { text: 'hi' } });
    await replicate.predictions.cancel(created.id);
    expect(await replicate.wait(created, { interval: 50 })).toMatchObject({ status: 'canceled' });
  });

  it('uploads a Buffer, reads, lists and deletes it', async () => {
    const file = await replicate.files.create(Buffer.from('bytes of an image'), { kind: 'test' });
    expect(file).toMatchObject({
      name: expect.stringMatching(/^buffer_\d+$/),
      content_type: 'application/octet-stream',
      size: 17,
      etag: createHash('md5').update('bytes of an image').digest('hex'),
      metadata: { kind: 'test' },
    });
    expect(await replicate.files.get(file.id)).toEqual(file);
    expect((await replicate.files.list()).results.map(({ id }) => id)).toContain(file.id);
    expect(await replicate.files.delete(file.id)).toBe(true);
    await expect(replicate.files.get(file.id)).rejects.toThrow(/404/);
  });

  it('sends a Buffer as an input: the prediction names our file, which is there', async () => {
    playModel(async (row) => void (await dispatcher.finish(row, 'succeeded', { output: [String(row.input.image)] })));
    const output = await replicate.run('hearth/echo', { input: { text: 'hi', image: Buffer.from('pixels') } });
    const [url = ''] = output as string[];
    const file = await (await fetch(url, { headers: { authorization: `Bearer ${house.admin.token}` } })).json();
    expect(await (await fetch((file as { urls: { download: string } }).urls.download)).text()).toBe('pixels');
  });

  it('reads account, models, versions, hardware and deployments', async () => {
    expect(await replicate.accounts.current()).toEqual({ type: 'user', username: 'hearth', name: 'hearth' });
    expect((await replicate.models.list()).results.map(({ name }) => name)).toContain('echo');
    expect((await replicate.models.get('hearth', 'echo')).latest_version?.id).toBe(version);
    expect((await replicate.models.versions.get('hearth', 'echo', version)).id).toBe(version);
    const made = await replicate.models.create('hearth', 'fresh', { visibility: 'private', hardware: 'cpu' });
    expect(made).toMatchObject({ owner: 'hearth', name: 'fresh', run_count: 0 });
    expect(await replicate.hardware.list()).toContainEqual(
      expect.objectContaining({ sku: 'gpu-t4', name: 'Nvidia T4 GPU' }),
    );
    const config = {
      name: 'mine',
      model: 'hearth/echo' as const,
      version,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 2,
    };
    expect((await replicate.deployments.create(config)).current_release).toMatchObject({
      number: 1,
      model: 'hearth/echo',
    });
    expect((await replicate.deployments.update('hearth', 'mine', { max_instances: 3 })).current_release.number).toBe(2);
    expect((await replicate.deployments.list()).results).toHaveLength(1);
    expect(await replicate.deployments.delete('hearth', 'mine')).toBe(true);
  });
});

describe('our client', () => {
  it('follows a stream from where it was cut off', async () => {
    const created = await ours.predictions.create({ version: 'hearth/echo' }, { input: { text: 'hi' } });
    const row = await dispatcher.claim(created.id);
    await dispatcher.progress(row, { output: ['a', 'b'], logs: 'one\n' });
    const cut = new AbortController();
    const first: StreamEvent[] = [];
    await expect(async () => {
      for await (const event of ours.predictions.stream(created, { signal: cut.signal })) {
        first.push(event);
        if (event.data === 'b') cut.abort();
      }
    }).rejects.toThrow(/abort/i);
    await dispatcher.finish(row, 'succeeded', { output: ['a', 'b', 'c'], logs: 'one\ntwo\n' });
    const rest = [];
    const lastEventId = first.at(-1)?.id ?? '';
    for await (const event of ours.predictions.stream(created, { lastEventId })) rest.push([event.event, event.data]);
    expect(rest).toEqual([
      ['logs', 'two\n'],
      ['output', 'c'],
      ['done', '{}'],
    ]);
  });

  it('throws what the problem says', async () => {
    const refused = ours.predictions.create({ version }, { input: { text: 'hi', rate: 1000 } });
    await expect(refused).rejects.toMatchObject({
      name: 'ApiError',
      status: 422,
      code: 'invalid-input',
      message: 'Input validation failed: - input.rate: 1000 is more than the maximum, 100',
      invalidFields: [{ field: 'input.rate' }],
    });
  });

  it('holds for a result', async () => {
    echo();
    const held = await ours.predictions.create({ version }, { input: { text: 'hi' } }, { waitSeconds: 30 });
    expect(held).toMatchObject({ status: 'succeeded', output: ['he', 'llo'] });
  });
});

it('closing ends streams and holds at once', async () => {
  const closing = await startHouse();
  const { version: one } = await closing.addModel('echo');
  const url = await closing.app.listen({ host: '127.0.0.1', port: 0 });
  const client = createClient({ baseUrl: url, token: closing.admin.token });
  const created = await client.predictions.create({ version: one.id }, { input: { text: 'hi' } });
  const stream = await fetch(created.urls.stream.replace('http://hearth.test', url));
  const reader = stream.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(': hi\n\n');
  const held = client.predictions.create({ version: one.id }, { input: { text: 'hi' } }, { waitSeconds: 60 });
  await expect.poll(async () => (await closing.store.predictions.waitingTickets(null, 5)).length).toBe(2);
  await closing.close();
  expect((await held).status).toBe('starting');
  expect((await reader?.read())?.done).toBe(true);
});
