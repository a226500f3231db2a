import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createLogger, newId, systemNow } from '@hearth/kit';
import { dockerRing, testRegistry } from '@hearth/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { LOCAL_SOCKET, linkLocal } from '../src/hosts/engine-link.ts';
import { Pulls } from '../src/pulls.ts';
import { DockerRuntime } from '../src/runtime/docker.ts';
import { makePauseImage, PAUSE_IMAGE } from '../src/runtime/pause-image.ts';
import { buildModelServer, docker, unfenced } from './docker-image.ts';

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
    runtime = new DockerRuntime({ link, installation: newId(systemNow()), spareNetworks: 0, fencing: unfenced, log });
  });
  afterEach(() => runtime.close());

  /** An image that nobody has but the registry, by its digest. */
  async function push(tag: string, base = BASE): Promise<string> {
    const container = await docker.createContainer({ Image: base });
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

  it.each(['by digest', 'by id'])('go from one engine to another as they are asked for: %s', async (how) => {
    await makePauseImage(docker);
    const digest = await push(`copied-${how.replace(' ', '-')}`, PAUSE_IMAGE);
    await runtime.pull(digest, () => {}, signal);
    const image = how === 'by digest' ? digest : ((await runtime.inspectImage(digest))?.id ?? '');
    const folder = await mkdtemp(join(tmpdir(), 'hearth-copy-'));
    try {
      const tar = join(folder, 'image.tar');
      await pipeline(await runtime.save(image), createWriteStream(tar));
      expect(await runtime.removeImage(image)).toBe(true);
      expect(await runtime.inspectImage(image)).toBeNull();
      let moves = 0;
      await runtime.load(image, createReadStream(tar), () => moves++, signal);
      expect(moves).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(await runtime.images()).toContain(image);
    expect((await runtime.inspectImage(image))?.labels['hearth.test']).toMatch(/^copied/);
    const spec = { instanceId: newId(systemNow()), deploymentId: null, role: 'inspection', mode: 'predict' } as const;
    const size = { env: {}, uploadUrl: null, memoryMiB: 256, cpus: 0, deviceIds: [] };
    await runtime.boot({ ...spec, ...size, source: { kind: 'image', image } }, () => {}, signal);
    await runtime.stop(spec.instanceId, { address: null, graceMs: 0 });
    expect(await runtime.removeImage(image)).toBe(true);
    expect(await runtime.images()).not.toContain(image);
  });

  it('that are no images are refused, and a tar that breaks off leaves none', async () => {
    const image = `sha256:${'0'.repeat(64)}`;
    await expect(runtime.load(image, Readable.from(['no tar']), () => {}, signal)).rejects.toThrow();
    const broken = new PassThrough();
    broken.write('a'.repeat(512));
    const loading = runtime.load(image, broken, () => {}, signal);
    broken.destroy(new Error('the other engine is gone'));
    await expect(loading).rejects.toThrow();
    expect(await runtime.inspectImage(image)).toBeNull();
  });

  it('have a disk, and what is free of it is known', async () => {
    expect(await runtime.freeDisk()).toBeGreaterThan(0);
  });
});
