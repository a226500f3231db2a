import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerRing } from '../src/docker.ts';
import { eventually, type House, startHouse } from '../src/house.ts';
import { type TestRegistry, testRegistry } from '../src/registry.ts';

/** bcrypt of "open sesame". */
const HTPASSWD = 'ada:$2b$04$5OvIjeEt/8I1t.Dxwup8uOUQk9pItjogQ3qrXLBjQGsSghNHvZ9eW\n';
const LOGIN = { username: 'ada', password: 'open sesame' };

const docker = new Docker();
const registry = (await dockerRing()) ? await testRegistry({ htpasswd: HTPASSWD }) : null;

describe.skipIf(registry === null)('versions from a registry', () => {
  const { address } = registry as TestRegistry;
  const repository = `${address}/ada/stream`;
  let house: House;
  let config: string;
  let replicate: Replicate;
  beforeAll(async () => {
    config = await mkdtemp(join(tmpdir(), 'hearth-docker-config-'));
    const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64');
    await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [address]: { auth } } }));
    house = await startHouse({ runtime: 'docker', env: { HEARTH_KEEP_ALIVE: '1s', DOCKER_CONFIG: config } });
    replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
  }, 400_000);
  afterAll(async () => {
    await house?.dispose();
    for (const { Id, RepoDigests } of await docker.listImages({ digests: true })) {
      if (RepoDigests?.some((digest) => digest.startsWith(repository)))
        await docker.getImage(Id).remove({ force: true });
    }
    await registry?.close();
    await rm(config, { recursive: true, force: true });
  }, 60_000);

  /** An image nobody has but the registry: the stream model with a layer of its own, under a tag. Answers its digest. */
  async function push(tag: string, label: string): Promise<string> {
    const container = await docker.createContainer({ Image: 'hearth/stream', Labels: { 'hearth.test': label } });
    await container.commit({ repo: repository, tag, comment: label, changes: `LABEL hearth.test=${label}` });
    await container.remove();
    const image = docker.getImage(`${repository}:${tag}`);
    const pushed = await image.push({ authconfig: { ...LOGIN, serveraddress: address } });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(pushed, (error, events: { error?: string }[]) => {
        const failed = error?.message ?? events.find((event) => event.error !== undefined)?.error;
        if (failed === undefined) resolve();
        else reject(new Error(failed));
      });
    });
    const { RepoDigests } = await image.inspect();
    await image.remove({ force: true });
    return RepoDigests[0]?.split('@sha256:')[1] ?? '';
  }
  const runs = async (version: string) =>
    ((await replicate.run(`ada/stream:${version}`, { input: { text: 'a b c' } })) as string[]).join('');
  const hasImage = async (digest: string) => {
    const images = await docker.listImages({ digests: true });
    return images.some(({ RepoDigests }) => RepoDigests?.includes(`${repository}@sha256:${digest}`));
  };

  it('are read from the labels, pinned by digest, and pulled again by it where the image has gone', async () => {
    const digest = await push('1', 'first');
    const added = await house.hearth('models', 'add', `${repository}:1`, 'ada/stream');
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: `ada/stream:${digest}\n` });
    const { results } = await house.get<{ results: unknown[] }>('/v1/instances?all=true');
    expect(results, 'nothing was booted for its schema').toEqual([]);
    expect(await runs(digest)).toContain('a');

    await eventually('its instance to go', async () => {
      const live = await house.get<{ results: unknown[] }>('/v1/instances');
      return live.results.length === 0;
    });
    await docker.getImage(`${repository}@sha256:${digest}`).remove({ force: true });
    expect(await hasImage(digest)).toBe(false);
    expect(await runs(digest)).toContain('a');
  });

  it('follow a tag that has moved on since, and stay what they were', async () => {
    const before = await push('2', 'second');
    await house.hearth('models', 'add', `${repository}:2`, 'ada/stream');
    const after = await push('2', 'third');
    expect(after).not.toBe(before);
    const added = await house.hearth('models', 'add', `${repository}:2`, 'ada/stream');
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: `ada/stream:${after}\n` });
    const { results } = await house.get<{ results: { id: string }[] }>('/v1/models/ada/stream/versions');
    expect(results.slice(0, 2).map(({ id }) => id)).toEqual([after, before]);
  });

  it('may be named by digest', async () => {
    const digest = await push('4', 'fourth');
    const added = await house.hearth('models', 'add', `${repository}@sha256:${digest}`, 'ada/stream');
    expect(added, added.stderr).toMatchObject({ code: 0, stdout: `ada/stream:${digest}\n` });
  });

  it('that it does not have, or does not name rightly, are refused with the reason', async () => {
    const missing = await house.hearth('models', 'add', `${repository}:never`, 'ada/stream');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/never/) });
    const odd = await house.hearth('models', 'add', `${address}/Not A Name`, 'ada/stream');
    expect(odd).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/image: "127.*Not A Name" is not the name of an image/),
    });
  });

  it('that the registry keeps to itself are refused to who has not logged in', async () => {
    await writeFile(join(config, 'config.json'), '{}');
    const digest = await push('5', 'fifth');
    const added = await house.hearth('models', 'add', `${repository}@sha256:${digest}`, 'ada/stream');
    expect(added).toMatchObject({ code: 1, stderr: expect.stringMatching(/no basic auth|unauthorized|denied/i) });
  });
});
