import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImportRow, VersionSource } from '@hearth/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { versionOfFolder } from '../src/import-folder.ts';
import { versionOfImage } from '../src/import-image.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { openHouse, SETUP_TIMEOUT_MS, type TestHouse } from './house.ts';

let house: TestHouse;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-import-'));
  house = await openHouse();
});
afterEach(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

async function answerTo(source: VersionSource, stepMs = 10): Promise<ImportRow> {
  const { modelId } = await house.deploy('model');
  const { id } = await house.store.imports.request({ modelId, source });
  house.bus.poke('scheduler');
  return house.until(
    'an answer',
    async () => {
      const row = await house.store.imports.get(id);
      return row?.state === 'requested' ? null : row;
    },
    stepMs,
  );
}
const pathSource = (command: string[] = ['serve']): VersionSource => ({ kind: 'path', path: folder, command, env: {} });
const hex = 'b'.repeat(64);

describe('an import', () => {
  it('of a folder boots it once, keeps its schema, and removes it', async () => {
    await writeFile(join(folder, 'cog.yaml'), 'concurrency:\n  max: 4\n');
    house.runtime.define(folder, { setupMs: 100, setup: 'ok' });
    await house.start();
    const { result, error } = await answerTo(pathSource([]));
    expect(error).toBeNull();
    expect(result).toMatchObject({
      source: { kind: 'path', path: folder, command: ['python3', '-m', 'cog.server.http'], env: {} },
      openapiSchema: { openapi: '3.0.2' },
      cogVersion: '0.16.12',
      slots: 4,
    });
    expect(result?.versionId).toMatch(/^[0-9a-f]{64}$/);
    expect(await house.runtime.list()).toEqual([]);
    expect(house.runtime.stopped).toHaveLength(1);
  });

  it.each([
    ['its setup fails', { setupMs: 100, setup: 'fail' }, 10, /^Its setup failed\.\nstarted/],
    ['it ends', { setupMs: 100, setup: 'exit' }, 10, /exit code 3/],
    ['it never answers', { setupMs: SETUP_TIMEOUT_MS * 2, setup: 'ok' }, 5_000, /HEARTH_SETUP_TIMEOUT/],
  ] as const)('of a folder whose server does not come up is refused in words: %s', async (_, model, stepMs, words) => {
    house.runtime.define(folder, model);
    await house.start();
    const { state, error } = await answerTo(pathSource(), stepMs);
    expect(state).toBe('failed');
    expect(error).toMatch(words);
    expect(await house.runtime.list()).toEqual([]);
  });

  it.each([
    [{ kind: 'path', path: 'relative', command: ['x'], env: {} }, 'path is "relative"; it must be absolute'],
    [
      { kind: 'path', path: '/nowhere/at/all', command: ['x'], env: {} },
      'path is "/nowhere/at/all"; there is no such folder on this machine',
    ],
    [{ kind: 'image', image: 'ocr' }, 'The docker runtime is switched off (HEARTH_RUNTIME).'],
  ] as const)('of %o says what is wrong with it', async (source, words) => {
    await house.start();
    expect((await answerTo(source)).error).toBe(words);
  });

  it('of an image says what the engine said, where it has not answered for long', async () => {
    const docker = new (class extends FakeRuntime {
      override async ping(): Promise<void> {
        throw new Error('connect ENOENT /var/run/docker.sock');
      }
    })('docker', house.clock);
    await house.start([house.runtime, docker]);
    await house.until('the engine is lost', async () => {
      const [here] = await house.store.hosts.list();
      return here?.runtimes.includes('docker') ? null : true;
    });
    const { error } = await answerTo({ kind: 'image', image: 'ada/ocr' });
    expect(error).toBe('The docker runtime of this machine does not answer: connect ENOENT /var/run/docker.sock');
  });

  it('of an image with labels boots nothing', async () => {
    const docker = new FakeRuntime('docker', house.clock);
    const labels = {
      'run.cog.version': '0.9.26',
      'run.cog.config': '{"concurrency":{"max":2}}',
      'run.cog.openapi_schema': '{"openapi":"3.0.2","info":{"title":"Cog"}}',
    };
    docker.define('ada/ocr', { setupMs: 10, setup: 'ok' }, { repoDigests: [`ada/ocr@sha256:${hex}`], labels });
    await house.start([docker]);
    const { result } = await answerTo({ kind: 'image', image: 'ada/ocr' });
    expect(result).toEqual({
      versionId: hex,
      source: { kind: 'image', image: `ada/ocr@sha256:${hex}` },
      openapiSchema: { openapi: '3.0.2', info: { title: 'Cog' } },
      cogVersion: '0.9.26',
      slots: 2,
    });
    expect(docker.booted).toBe(0);
  });

  describe('of a tag that is here already', () => {
    const schema = { 'run.cog.openapi_schema': '{"openapi":"3.0.2"}' };
    const oldDigest = `sha256:${'1'.repeat(64)}`;
    const newDigest = `sha256:${'2'.repeat(64)}`;
    const imported = async (image: string, prepare: (docker: FakeRuntime) => void) => {
      const docker = new FakeRuntime('docker', house.clock);
      docker.define(
        image,
        { setupMs: 10, setup: 'ok' },
        { repoDigests: [`reg:5000/ocr@${oldDigest}`], labels: schema },
      );
      prepare(docker);
      await house.start([docker]);
      return (await answerTo({ kind: 'image', image })).result?.source;
    };

    it('pulls it anew where its registry has moved it on', async () => {
      const source = await imported('reg:5000/ocr:1', (docker) =>
        docker.publish('reg:5000/ocr:1', newDigest, { labels: schema }),
      );
      expect(source).toEqual({ kind: 'image', image: `reg:5000/ocr@${newDigest}` });
    });

    it.each([
      ['where no registry answers', 'reg:5000/ocr:1', null],
      ['where its registry has the same', 'reg:5000/ocr:1', oldDigest],
      ['where it was named by its digest', `reg:5000/ocr@${oldDigest}`, newDigest],
    ])('takes what is here %s', async (_, image, published) => {
      const source = await imported(image, (docker) => {
        if (published !== null) docker.publish(image, published, { labels: { ...schema, moved: 'yes' } });
      });
      expect(source).toEqual({ kind: 'image', image: `reg:5000/ocr@${oldDigest}` });
    });
  });

  it('of an image that can be had nowhere says so', async () => {
    const docker = new FakeRuntime('docker', house.clock);
    await house.start([docker]);
    expect((await answerTo({ kind: 'image', image: 'ada/nothing' })).error).toContain('ada/nothing is in no registry');
  });
});

describe('the version of an image', () => {
  const facts = { id: `sha256:${hex}`, sizeBytes: 0, repoDigests: [], labels: {}, env: {}, entrypoint: [], cmd: [] };

  it('is pinned by its own id where it was only built here', () => {
    const version = versionOfImage('ada/ocr', facts);
    expect(version).toMatchObject({
      versionId: hex,
      source: { image: `sha256:${hex}` },
      slots: null,
      openapiSchema: null,
    });
  });

  it('is pinned by the digest of the registry that it was named with', () => {
    const repoDigests = [`elsewhere/ocr@sha256:${'c'.repeat(64)}`, `reg:5000/ocr@sha256:${'d'.repeat(64)}`];
    const version = versionOfImage('reg:5000/ocr:1', { ...facts, repoDigests, env: { COG_MAX_CONCURRENCY: '8' } });
    expect(version).toMatchObject({ versionId: 'd'.repeat(64), slots: 8 });
  });

  it('is refused when its labels are not what Cog writes', () => {
    const labels = { 'run.cog.openapi_schema': '{' };
    expect(() => versionOfImage('ada/ocr', { ...facts, labels })).toThrow(
      'run.cog.openapi_schema is not a JSON object',
    );
  });
});

describe('the version of a folder', () => {
  const idOf = async (env: Record<string, string> = {}) =>
    (await versionOfFolder({ kind: 'path', path: folder, command: ['serve'], env })).versionId;

  it('changes with its files, its command and its environment, and with nothing else', async () => {
    await writeFile(join(folder, 'predict.py'), 'one');
    const id = await idOf();
    await mkdir(join(folder, '__pycache__'));
    await writeFile(join(folder, '__pycache__', 'x.pyc'), 'generated');
    expect(await idOf()).toBe(id);
    expect(await idOf({ A: '1' })).not.toBe(id);
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'sub', 'weights'), 'w');
    const withSub = await idOf();
    expect(withSub).not.toBe(id);
    await writeFile(join(folder, 'predict.py'), 'two');
    expect(await idOf()).not.toBe(withSub);
  });

  it('uses its own Python where it has one', async () => {
    await writeFile(join(folder, 'cog.yaml'), 'predict: predict.py:Predictor\n');
    await mkdir(join(folder, '.venv', 'bin'), { recursive: true });
    await writeFile(join(folder, '.venv', 'bin', 'python'), '');
    const { source } = await versionOfFolder({ kind: 'path', path: folder, command: [], env: {} });
    expect(source.command).toEqual([join(folder, '.venv/bin/python'), '-m', 'cog.server.http']);
  });

  it('is refused without a cog.yaml and without a command, and with a broken cog.yaml', async () => {
    const source = { kind: 'path', path: folder, command: [], env: {} } as const;
    await expect(versionOfFolder(source)).rejects.toThrow('has no cog.yaml, so "command" must say');
    await writeFile(join(folder, 'cog.yaml'), 'a: [');
    await expect(versionOfFolder(source)).rejects.toThrow('is not YAML');
  });
});
