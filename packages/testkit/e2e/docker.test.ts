import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerRing } from '../src/docker.ts';
import { eventually, type House, startHouse } from '../src/house.ts';

const PAGE = join(import.meta.dirname, '../../../docker/models/ocr/example/page.png');
const docker = new Docker();

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly error: string | null;
  readonly logs: string;
}

describe.skipIf(!(await dockerRing()))('with a Docker Engine', () => {
  let house: House;
  let installation = '';
  const networks = () => docker.listNetworks({ filters: { label: [`hearth.installation=${installation}`] } });
  beforeAll(async () => {
    house = await startHouse({ runtime: 'docker', env: { HEARTH_KEEP_ALIVE: '2s', HEARTH_ISOLATION: 'require' } });
  }, 400_000);
  afterAll(async () => {
    await house?.dispose();
  }, 60_000);

  /** Containers of this house's instances, running or not. */
  const ours = async () => {
    const { results } = await house.get<{ results: { id: string }[] }>('/v1/instances?all=true');
    const ids = new Set(results.map(({ id }) => id));
    const containers = await docker.listContainers({ all: true, filters: { label: ['hearth.instance'] } });
    return containers.filter(({ Labels }) => ids.has(Labels['hearth.instance'] ?? ''));
  };
  const ended = async (model: string, input: unknown): Promise<Prediction> => {
    const response = await house.request('POST', `/v1/models/${model}/predictions`, { input });
    expect(response.status, await response.clone().text()).toBe(201);
    const { id } = (await response.json()) as Prediction;
    return eventually(`prediction ${id} to end`, async () => {
      const prediction = await house.get<Prediction>(`/v1/predictions/${id}`);
      return prediction.status !== 'starting' && prediction.status !== 'processing' && prediction;
    });
  };
  const nothingLeft = () => eventually('no container to be left', async () => (await ours()).length === 0);

  it('the page is read in a container, which is gone after keep-alive', async () => {
    const replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
    const output = await replicate.run('hearth/ocr', { input: { image: await readFile(PAGE) } });
    expect(output).toEqual(expect.stringContaining('Hello from Hearth'));
    const running = (await ours()).filter(({ State }) => State === 'running');
    expect(running).toHaveLength(1);
    installation = running[0]?.Labels['hearth.installation'] ?? '';
    await nothingLeft();
  });
  it('the check of this machine says that containers are fenced', async () => {
    const checked = await house.hearth('hosts', 'check', 'local');
    expect(checked, checked.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ok +isolation +Its containers/),
    });
    expect((await networks()).map(({ Name }) => Name)).toEqual([`hearth-${installation}`]);
  });
  it('a file made in a container is downloadable', async () => {
    const prediction = await ended('hearth/thumbnail', {
      image: 'data:image/png;base64,' + (await readFile(PAGE)).toString('base64'),
    });
    expect(prediction.status, prediction.error ?? '').toBe('succeeded');
  });
  it('a crash and out of memory fail with their reason and leave nothing behind', async () => {
    expect(await ended('hearth/faulty', { mode: 'crash', seconds: 0.2 })).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/crash|exit/i),
    });
    expect(await ended('hearth/faulty', { mode: 'oom' })).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/memory/i),
    });
    await nothingLeft();
  });
  it('an image that is gone fails the prediction with that reason', async () => {
    const tag = 'hearth-test/vanishing:1';
    await docker.getImage('hearth/faulty').tag({ repo: 'hearth-test/vanishing', tag: '1' });
    const container = await docker.createContainer({
      Image: tag,
      Labels: { 'hearth.test': 'vanishing' },
      Cmd: ['true'],
    });
    await container.commit({ repo: 'hearth-test/vanishing', tag: '1', comment: 'a digest of its own' });
    await container.remove();
    const added = await house.hearth('models', 'add', tag, 'hearth/vanishing');
    expect(added, added.stderr).toMatchObject({ code: 0 });
    await docker.getImage(tag).remove({ force: true });
    const prediction = await ended('hearth/vanishing', {});
    expect(prediction).toMatchObject({ status: 'failed', error: expect.stringMatching(/image/i) });
    await nothingLeft();
  });
  it('a version whose image nobody has is refused with the reason', async () => {
    const added = await house.hearth('models', 'add', 'hearth-test/never-was:1', 'hearth/never');
    expect(added.code).toBe(1);
    expect(added.stderr).toMatch(/never-was/);
  });
  it('when it is stopped, neither a container nor a network of it is left', async () => {
    expect(await house.stop()).toBe(0);
    const label = [`hearth.installation=${installation}`];
    expect(await docker.listContainers({ all: true, filters: { label } })).toEqual([]);
    expect(await networks()).toEqual([]);
  });
});
