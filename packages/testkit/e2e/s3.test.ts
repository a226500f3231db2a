import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import Replicate, { type FileOutput } from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';
import { type TestS3, testS3 } from '../src/s3.ts';
import { startTlsFront, type TlsFront } from '../src/tls-front.ts';

const PAGE = join(import.meta.dirname, '../../../docker/models/ocr/example/page.png');
const MiB = 2 ** 20;

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly input: Record<string, unknown>;
  readonly output: unknown;
  readonly logs: string;
  readonly data_removed: boolean;
  readonly metrics: { readonly predict_time: number };
}
interface WireFile {
  readonly id: string;
  readonly urls: { readonly get: string; readonly download: string };
}

let s3: TestS3;
let front: TlsFront;
let house: House;
let replicate: Replicate;

beforeAll(async () => {
  s3 = await testS3();
  front = await startTlsFront();
  const env = { ...s3.env, HEARTH_PUBLIC_URL: front.url, HEARTH_RETENTION: '20s', HEARTH_KEEP_ALIVE: '60s' };
  house = await startHouse({ runtime: 'process', env });
  front.forwardTo(house.url);
  setDefaultCACertificates([...getCACertificates('default'), front.certificate]);
  replicate = new Replicate({ auth: house.token, baseUrl: `${front.url}/v1` });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
  await front?.close();
  await s3?.close();
});

const filesOf = async () => (await s3.keys()).filter((key) => /^hearth\/[0-9a-z]{26}$/.test(key));

describe('a house that keeps its files in S3', () => {
  it('takes a Buffer, hands it to the model, keeps what that made, and removes it when its time has come', async () => {
    let prediction: Prediction | undefined;
    const input = { image: await readFile(PAGE), width: 64 };
    const output = await replicate.run('hearth/thumbnail', { input }, (seen) => {
      prediction = seen as unknown as Prediction;
    });
    const file = output as unknown as FileOutput;
    const address = file.url();
    expect(address.pathname).toMatch(/\/thumbnail\.png$/);
    const blob = await file.blob();
    const bytes = Buffer.from(await blob.arrayBuffer());
    expect([blob.type, String(bytes.subarray(1, 4))]).toEqual(['image/png', 'PNG']);
    const part = await fetch(address, { headers: { range: 'bytes=1-3' }, redirect: 'error' });
    expect([part.status, await part.text()]).toEqual([206, 'PNG']);
    expect(await filesOf()).toHaveLength(2);
    expect(await readdir(house.dataDir)).not.toContain('files');

    const id = prediction?.id ?? '';
    const emptied = await eventually('the data to be removed', async () => {
      const seen = await house.get<Prediction>(`/v1/predictions/${id}`);
      return seen.data_removed && seen;
    });
    expect(emptied).toMatchObject({ status: 'succeeded', input: {}, output: null, logs: '' });
    expect(emptied.metrics.predict_time).toBeGreaterThan(0);
    expect((await fetch(address)).status).toBe(404);
    // The upload has a day.
    await eventually('the bytes to be gone', async () => (await filesOf()).length === 1);
  });

  it('streams a file that is larger than its parts in and out, and forgets it when it is deleted', async () => {
    const bytes = randomBytes(40 * MiB);
    const form = new FormData();
    form.append('content', new Blob([bytes]), 'large.bin');
    const headers = { authorization: `Bearer ${house.token}` };
    const created = await fetch(`${house.url}/v1/files`, { method: 'POST', headers, body: form });
    expect(created.status).toBe(201);
    const file = (await created.json()) as WireFile;
    const download = await fetch(file.urls.download);
    expect(Buffer.from(await download.arrayBuffer()).equals(bytes)).toBe(true);
    const middle = await fetch(file.urls.download, { headers: { range: `bytes=${20 * MiB}-${20 * MiB + 9}` } });
    expect(Buffer.from(await middle.arrayBuffer())).toEqual(bytes.subarray(20 * MiB, 20 * MiB + 10));
    expect(await s3.keys()).toContain(`hearth/${file.id}`);
    expect(await replicate.files.delete(file.id)).toBe(true);
    expect(await s3.keys()).not.toContain(`hearth/${file.id}`);
    expect((await fetch(file.urls.download)).status).toBe(404);
  });

  it('takes, lists and deletes files by the command line', async () => {
    const uploaded = await house.hearth('files', 'upload', PAGE);
    const id = /\/v1\/files\/(\w+)\n$/.exec(uploaded.stdout)?.[1] ?? uploaded.stderr;
    expect(await s3.keys()).toContain(`hearth/${id}`);
    expect((await house.hearth('files')).stdout).toMatch(new RegExp(`${id} +page.png +image/png +[0-9.]+ KiB`));
    expect(await house.hearth('files', 'delete', id)).toMatchObject({ code: 0, stdout: `deleted ${id}\n` });
    expect(await s3.keys()).not.toContain(`hearth/${id}`);
    expect((await house.hearth('files', 'delete', id)).stderr).toContain('File not found');
    expect((await house.hearth('files', 'upload', '/no/such/file')).stderr).toContain('There is no file /no/such/file');
  });

  it('leaves nothing of an upload whose sender goes away', async () => {
    const sent = new AbortController();
    let pulled = 0;
    const body = new ReadableStream({
      async pull(controller) {
        if (pulled++ === 0)
          controller.enqueue(
            Buffer.from('--x\r\ncontent-disposition: form-data; name="content"; filename="a"\r\n\r\n'),
          );
        else if ((await s3.openUploads()).length === 0) controller.enqueue(Buffer.alloc(MiB));
        else sent.abort();
      },
    });
    const before = await s3.keys();
    const headers = { authorization: `Bearer ${house.token}`, 'content-type': 'multipart/form-data; boundary=x' };
    const init = { method: 'POST', headers, body, signal: sent.signal, duplex: 'half' };
    await expect(fetch(`${house.url}/v1/files`, init as RequestInit)).rejects.toThrow();
    await eventually('the parts to be gone', async () => (await s3.openUploads()).length === 0);
    expect(await s3.keys()).toEqual(before);
  });
});

it('does not start with a secret that is wrong, and says which variable to look at', async () => {
  const env = { ...s3.env, S3_SECRET_ACCESS_KEY: 'not the secret' };
  const starting = startHouse({ runtime: 'process', env });
  await expect(starting).rejects.toThrow(/S3_SECRET_ACCESS_KEY is \\?"\[secret\]\\?"; allowed: the secret/);
}, 120_000);
