import { createLogger, newId, systemNow } from '@hearth/kit';
import { dockerRing, testRegistry } from '@hearth/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { LOCAL_SOCKET, linkLocal } from '../src/hosts/engine-link.ts';
import { Pulls } from '../src/pulls.ts';
import { DockerRuntime } from '../src/runtime/docker.ts';
import { buildModelServer, docker } from './docker-image.ts';

const BASE = `hearth-test/images:${process.pid}`;
const registry = (await dockerRing()) ? await testRegistry() : null;

describe.skipIf(registry === null)('images of an engine, from a registry', () => {
  const address = registry?.address ?? '';
  const repository = `${address}/ada/server`;
  const { signal } = new AbortController();
  let removeBase: () => Promise<void>;
  let runtime: DockerRuntime;
  beforeAll(async () => {
    removeBase = await buildModelServer(BASE);
    // The layers that all of them share go there once.
    await push('base');
  }, 120_000);
  afterAll(async () => {
    await removeBase?.();
    await registry?.close();
  });
  beforeEach(() => {
    const link = linkLocal(process.env.DOCKER_HOST ?? LOCAL_SOCKET);
    const log = createLogger({ room: 'test', level: 'silent' });
    runtime = new DockerRuntime({ link, installation: newId(systemNow()), spareNetworks: 0, log });
  });
  afterEach(() => runtime.close());

  /** An image that nobody has but the registry, by its digest. */
  async function push(tag: string): Promise<string> {
    const container = await docker.createContainer({ Image: BASE });
    await container.commit({ repo: repository, tag, comment: tag, changes: `LABEL hearth.test=${tag}` });
    await container.remove();
    const image = docker.getImage(`${repository}:${tag}`);
    const stream = await image.push({ authconfig: { serveraddress: address } });
    await new Promise((resolve, reject) => {
      docker.modem.followProgress(stream, (error, events) => (error ? reject(error) : resolve(events)));
    });
    const { RepoDigests } = await image.inspect();
    await image.remove({ force: true });
    const [digest] = RepoDigests;
    if (digest === undefined) throw new Error(`${repository}:${tag} was not pushed`);
    return digest;
  }

  it('come once for all who want them, are known as brought, and go again', async () => {
    const image = await push('once');
    const brought: string[] = [];
    const pulls = new Pulls({
      clock: systemClock,
      brought: async (_runtime, name, { sizeBytes }) => {
        expect(sizeBytes).toBeGreaterThan(0);
        brought.push(name);
      },
    });
    await Promise.all([1, 2, 3].map(() => pulls.pull(runtime, image, signal)));
    expect(brought).toEqual([image]);
    expect(await runtime.images()).toContain(image);
    expect(await runtime.removeImage(image)).toBe(true);
    expect(await runtime.images()).not.toContain(image);
    expect(await runtime.removeImage(image), 'gone is an answer').toBe(true);
  });

  it('stay while a container is made of them', async () => {
    const image = await push('used');
    await runtime.pull(image, () => {}, signal);
    const container = await docker.createContainer({ Image: image });
    expect(await runtime.removeImage(image)).toBe(false);
    expect(await runtime.images()).toContain(image);
    await container.remove();
    expect(await runtime.removeImage(image)).toBe(true);
  });

  it('stay where somebody gave them a name of his own', async () => {
    const image = await push('named');
    await runtime.pull(image, () => {}, signal);
    const own = `hearth-test/own-${process.pid}`;
    await docker.getImage(image).tag({ repo: own });
    expect(await runtime.removeImage(image)).toBe(false);
    expect((await docker.getImage(own).inspect()).RepoDigests).toContain(image);
    await docker.getImage(own).remove();
    await docker.getImage(image).remove();
  });

  it('have a disk, and what is free of it is known', async () => {
    expect(await runtime.freeDisk()).toBeGreaterThan(0);
  });
});
