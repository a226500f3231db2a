/** The images of the example models: what their labels say, and that they run as hardened as the platform runs them. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inputSchemaOf } from '@hearth/contract';
import Docker from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import { dockerRing } from '../src/docker.ts';
import { eventually } from '../src/house.ts';

const SCRIPT = join(import.meta.dirname, '../../../docker/models/build-image.mjs');
const docker = new Docker();
const containers: Docker.Container[] = [];
const tags: string[] = [];

interface Builder {
  readonly buildModelImage: (what: { model: string; tag: string; docker?: string }) => Promise<{ id: string }>;
}
const builder = async (): Promise<Builder> => import(pathToFileURL(SCRIPT).href);

const INPUTS = {
  faulty: ['text', 'seconds', 'mode', 'log_lines', 'output_bytes'],
  ocr: ['image'],
  stream: ['text', 'rate'],
  thumbnail: ['image', 'width', 'format', 'grayscale'],
  trainer: ['start', 'length', 'seed'],
};

async function startHardened(image: string): Promise<string> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ['node', '/src/main.mjs', '--await-explicit-shutdown=true'],
    ExposedPorts: { '5000/tcp': {} },
    HostConfig: {
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': '' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] },
    },
  });
  containers.push(container);
  await container.start();
  const { NetworkSettings } = await container.inspect();
  return `http://127.0.0.1:${NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort}`;
}

describe.skipIf(!(await dockerRing()))('with a Docker Engine', () => {
  afterEach(async () => {
    await Promise.all(containers.splice(0).map((container) => container.remove({ force: true })));
    await Promise.all(tags.splice(0).map((tag) => docker.getImage(tag).remove()));
  });

  it.each(Object.entries(INPUTS))(
    '%s is labelled, and ready as a stranger with a read-only root',
    async (model, inputs) => {
      const tag = `hearth-test/${model}`;
      const { id } = await (await builder()).buildModelImage({ model, tag });
      tags.push(tag);
      const { Config } = await docker.getImage(id).inspect();
      const labels = Config.Labels;
      const schema = inputSchemaOf(JSON.parse(labels['run.cog.openapi_schema'] ?? 'null'));
      expect(Object.keys(schema?.properties ?? {})).toEqual(inputs);
      expect(JSON.parse(labels['run.cog.config'] ?? 'null')).toMatchObject({
        concurrency: { max: model === 'stream' ? 4 : 1 },
      });
      expect(Config.User).toBe('1000:1000');
      // Nothing of the machine that built it.
      expect(Config.Env?.filter((entry) => /cert|proxy|_ca_/i.test(entry))).toEqual([]);
      const url = await startHardened(tag);
      const health = await eventually(`${model} to be ready`, async () => {
        const answer = await fetch(`${url}/health-check`).catch(() => null);
        const text = (await answer?.text()) ?? '';
        return !text.includes('STARTING') && text;
      });
      expect(health).toContain('READY');
      const [container] = containers;
      const stopped = container?.wait();
      await fetch(`${url}/shutdown`, { method: 'POST' });
      expect(await stopped).toMatchObject({ StatusCode: 0 });
    },
  );
});

it('a model that does not exist, and an engine that does not answer, are named', async () => {
  const { buildModelImage } = await builder();
  await expect(buildModelImage({ model: 'nope', tag: 'x' })).rejects.toThrow(
    "model is 'nope'; it must be one of faulty, ocr, stream, thumbnail, trainer",
  );
  await expect(buildModelImage({ model: 'stream', tag: 'x', docker: '/nowhere/docker' })).rejects.toThrow(
    'no Docker Engine answers',
  );
});
