import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError } from '@hearth/kit';
import { type TestS3, testS3 } from '@hearth/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBlobs } from '../src/index.ts';
import { settingsOf } from './places.ts';

let server: TestS3;
beforeAll(async () => {
  server = await testS3();
});
afterAll(() => server.close());

const openS3 = (change: Record<string, string>, installation = 'one') =>
  openBlobs({ folder: '/nowhere', s3: settingsOf({ ...server.env, ...change }), installation });

describe('a start with S3', () => {
  it.each([
    ['S3_BUCKET', { S3_BUCKET: 'no-such-bucket' }, 'S3_BUCKET is "no-such-bucket"; allowed: the name of a bucket'],
    ['S3_ACCESS_KEY_ID', { S3_ACCESS_KEY_ID: 'nobody' }, 'S3_ACCESS_KEY_ID is "nobody"; allowed: the id of a key'],
    ['S3_SECRET_ACCESS_KEY', { S3_SECRET_ACCESS_KEY: 'wrong' }, 'S3_SECRET_ACCESS_KEY is "[secret]"; allowed: the se'],
    ['S3_ENDPOINT', { S3_ENDPOINT: 'http://127.0.0.1:1' }, 'S3_ENDPOINT is "http://127.0.0.1:1"; allowed: the URL'],
  ])('names %s where that is wrong', async (_key, change, message) => {
    const opening = openS3(change);
    await expect(opening).rejects.toThrow(ConfigError);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow(/wrong/);
  });

  it('refuses the files of another installation, which it would take for litter', async () => {
    await openS3({});
    await openS3({});
    await expect(openS3({}, 'another')).rejects.toThrow('S3_PREFIX is "hearth/"; allowed: one that no other Hearth');
    await openS3({ S3_PREFIX: 'beside' }, 'another');
    expect(await server.keys()).toEqual(expect.arrayContaining(['hearth/.installation', 'beside/.installation']));
  });
});

describe('the settings', () => {
  it('without a bucket mean the disk', () => expect(settingsOf({})).toBeNull());

  it.each([
    ['http://127.0.0.1:9000', {}, true],
    [undefined, {}, false],
    ['http://127.0.0.1:9000', { S3_FORCE_PATH_STYLE: 'false' }, false],
  ])('put the bucket into the path where the endpoint is %s and %o', (endpoint, change, forcePathStyle) => {
    const env = { S3_BUCKET: 'b', ...(endpoint && { S3_ENDPOINT: endpoint }), ...change };
    expect(settingsOf(env)).toMatchObject({ forcePathStyle, credentials: null, region: 'us-east-1' });
  });

  it.each([
    ['a/b', 'a/b/'],
    ['/a/', 'a/'],
    ['/', ''],
  ])('make the prefix %s to %s', (given, prefix) =>
    expect(settingsOf({ S3_BUCKET: 'b', S3_PREFIX: given })).toMatchObject({ prefix }),
  );

  it.each([
    [{ S3_ENDPOINT: 'http://x' }, 'S3_BUCKET is not set'],
    [{ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'x' }, 'S3_SECRET_ACCESS_KEY is not set'],
    [{ S3_BUCKET: 'b', S3_SECRET_ACCESS_KEY: 'x' }, 'S3_ACCESS_KEY_ID is not set'],
  ])('refuse %o', (env, message) => expect(() => settingsOf(env)).toThrow(message));
});

it('does not load the code of S3 for a start on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-blobs-'));
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { openBlobs } = await import('@hearth/files');
    await openBlobs({ folder: ${JSON.stringify(folder)}, s3: null, installation: 'x' });
    console.log(JSON.stringify(loaded));
  `;
  const cwd = join(import.meta.dirname, '..');
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd });
  const loaded: string[] = JSON.parse(stdout);
  expect(loaded.some((url) => url.endsWith('/open-blobs.ts'))).toBe(true);
  expect(loaded.filter((url) => url.includes('@aws-sdk'))).toEqual([]);
  await rm(folder, { recursive: true });
});
