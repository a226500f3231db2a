import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WireModel, WirePrediction, WireStatusPage, WireVersion } from '@hearth/contract';
import Replicate from 'replicate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

let house: House;
let replicate: Replicate;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-catalogue-'));
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: '1h' } });
  replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
  await rm(folder, { recursive: true });
});

/** What a command of `hearth` printed; refused commands fail the test. */
async function hearth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await house.hearth(...args);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}
const refusalOf = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await house.hearth(...args);
  expect(code).not.toBe(0);
  return stderr;
};

it('a model is described, shown with an example, gathered and found, from the command line', async () => {
  const readme = join(folder, 'readme.md');
  await writeFile(readme, '# Streams\n\nGives words back one by one.\n');
  expect(await refusalOf('models', 'update', 'hearth/stream')).toContain('Nothing to change');
  await hearth('models', 'update', 'hearth/stream', '--readme', readme, '--paper-url', 'https://paper.example');
  expect(await hearth('models', 'readme', 'hearth/stream')).toContain('one by one');

  const prediction = await replicate.predictions.create({
    model: 'hearth/stream',
    input: { text: 'an example', rate: 100 },
    wait: 60,
  });
  const ended = await replicate.wait(prediction);
  expect(ended.status).toBe('succeeded');
  await hearth('examples', 'add', 'hearth/stream', ended.id, '--default');
  expect(await hearth('examples', 'list', 'hearth/stream')).toContain(ended.id);
  const shown = JSON.parse(await hearth('models', 'show', 'hearth/stream')) as WireModel;
  expect(shown).toMatchObject({
    paper_url: 'https://paper.example',
    run_count: 1,
    default_example: { id: ended.id, input: { text: 'an example', rate: 100 } },
  });
  expect(await hearth('collections', 'put', 'words', 'hearth/stream', '--name', 'Words')).toBe('words has 1 model');
  expect(await hearth('collections')).toMatch(/words\s+Words/);
  expect((await replicate.collections.get('words')).models?.map(({ name }) => name)).toEqual(['stream']);
  expect((await replicate.models.search('strea')).results.map(({ name }) => name)).toEqual(['stream']);
  expect(await hearth('models', 'search', 'one', 'by', 'one')).toMatch(/hearth\/stream\s+1\s+words/);

  await hearth('examples', 'remove', 'hearth/stream', ended.id);
  expect(await hearth('examples', 'list', 'hearth/stream')).toBe('No examples.');
  await hearth('collections', 'delete', 'words');
  expect(await hearth('collections')).toBe('No collections.');
});

it('a version that is deleted leaves no instance, and its model can follow it', async () => {
  const { latest_version: version } = await house.get<{ latest_version: WireVersion }>('/v1/models/hearth/faulty');
  const ran = await house.request('POST', '/v1/models/hearth/faulty/predictions', { input: { seconds: 0 } });
  const { id } = (await ran.json()) as WirePrediction;
  await eventually('the prediction to end', async () => {
    const { status } = await house.get<WirePrediction>(`/v1/predictions/${id}`);
    return status === 'succeeded' || status === 'failed';
  });
  expect(await refusalOf('models', 'delete', 'hearth/faulty')).toContain('is public');
  await hearth('models', 'delete', `hearth/faulty:${version.id}`);
  await eventually('its instances to be gone', async () => {
    const { deployments } = await house.get<WireStatusPage>('/v1/status');
    return deployments.every(({ deployment }) => deployment !== 'hearth/faulty');
  });
  const refused = await house.request('POST', '/v1/predictions', { version: version.id, input: {} });
  expect(refused.status).toBe(422);
  await hearth('models', 'update', 'hearth/faulty', '--visibility', 'private');
  await hearth('models', 'delete', 'hearth/faulty');
  expect((await house.request('GET', '/v1/models/hearth/faulty')).status).toBe(404);
});
