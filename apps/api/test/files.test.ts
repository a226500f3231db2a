import { readdir } from 'node:fs/promises';
import type { WireFile } from '@hearth/contract';
import { newId } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let url: string;
beforeAll(async () => {
  house = await startHouse();
  url = await house.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => house.close());

const auth = () => ({ authorization: `Bearer ${house.admin.token}` });
const here = (address: string) => address.replace('http://hearth.test', url);
async function upload<Body = WireFile>(form: FormData): Promise<Pick<Answer<Body>, 'status' | 'body'>> {
  const response = await fetch(`${url}/v1/files`, { method: 'POST', headers: auth(), body: form });
  return { status: response.status, body: (await response.json()) as Body };
}
const json = (value: unknown) => new Blob([JSON.stringify(value)], { type: 'application/json' });
const form = (parts: Record<string, string | readonly [Blob, string]>) => {
  const made = new FormData();
  for (const [name, part] of Object.entries(parts)) {
    if (typeof part === 'string') made.append(name, part);
    else made.append(name, part[0], part[1]);
  }
  return made;
};

describe('an upload', () => {
  it('is described with its checksums and given back byte for byte', async () => {
    const bytes = new Uint8Array(70_000).map((_byte, at) => at % 251);
    const { status, body } = await upload(
      form({ content: [new Blob([bytes], { type: 'image/png' }), 'käse bild.png'] }),
    );
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: 'käse bild.png', content_type: 'image/png', size: 70_000, metadata: {} });
    expect(body.urls.get).toBe(`http://hearth.test/v1/files/${body.id}`);
    expect(Date.parse(body.expires_at ?? '') - Date.parse(body.created_at)).toBe(24 * 3_600_000);
    const response = await fetch(here(body.urls.download));
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('content-type')).toBe('image/png');
  });

  it('takes name, type and metadata as text fields, in any order', async () => {
    const { body } = await upload(
      form({ metadata: '{"a":1}', filename: 'x.txt', type: 'text/x-thing', content: [new Blob(['abc']), 'blob'] }),
    );
    expect(body).toMatchObject({ name: 'x.txt', content_type: 'text/x-thing', metadata: { a: 1 } });
  });

  it.each([
    [
      'JavaScript',
      { content: [new Blob(['abc']), 'buffer_1'], metadata: [json({ a: 1 }), 'blob'] },
      'buffer_1',
      { a: 1 },
    ],
    [
      'JavaScript without metadata',
      { content: [new Blob(['abc']), 'x.txt'], metadata: [json({}), 'blob'] },
      'x.txt',
      {},
    ],
    ['Python', { content: [new Blob(['abc']), 'x.txt'], metadata: '{"a":1}' }, 'x.txt', { a: 1 }],
    ['Go', { content: [new Blob(['abc']), 'x'], filename: 'go.txt', type: 'text/plain', metadata: '{}' }, 'go.txt', {}],
  ] as const)('takes what %s sends', async (_client, parts, name, metadata) => {
    expect(await upload(form(parts))).toMatchObject({ status: 201, body: { name, size: 3, metadata } });
  });

  it('takes content without a file name, binary as it is', async () => {
    const boundary = 'frontier';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\n`;
    const bytes = Buffer.from([0, 255, 254, 13, 10, 200]);
    const payload = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    const response = await house.app.inject({
      method: 'POST',
      url: '/v1/files',
      headers: { ...auth(), 'content-type': `multipart/form-data; boundary=${boundary}` },
      payload,
    });
    expect([response.statusCode, response.json().size]).toEqual([201, 6]);
    const download = await fetch(here(response.json().urls.download));
    expect(Buffer.from(await download.arrayBuffer())).toEqual(bytes);
  });

  it.each([
    ['no content', form({ filename: 'x' }), 'content'],
    ['metadata that is no object', form({ content: [new Blob(['x']), 'x'], metadata: '[1]' }), 'metadata'],
    ['metadata that is no JSON', form({ content: [new Blob(['x']), 'x'], metadata: '{' }), 'metadata'],
    ['a long name', form({ content: [new Blob(['x']), 'x'], filename: 'x'.repeat(256) }), 'filename'],
  ])('with %s is refused, and leaves nothing behind', async (_name, bad, field) => {
    const before = await blobs();
    const { status, body } = await upload<Problem>(bad);
    expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, field]);
    expect(await blobs()).toEqual(before);
  });

  it('above 100 MiB gets the words of the contract, and leaves nothing behind', async () => {
    const before = await blobs();
    const bytes = new Uint8Array(100 * 1024 * 1024 + 1);
    const { status, body } = await upload<Problem>(form({ content: [new Blob([bytes]), 'big'] }));
    expect(status).toBe(413);
    expect(body.detail).toBe('Files must be less than 100MB in size');
    expect(await blobs()).toEqual(before);
  });

  it('that is not multipart, or broken, is refused', async () => {
    expect(await house.ask<Problem>('POST', '/v1/files', { a: 1 })).toMatchObject({ status: 415 });
    // Cut short; without a boundary; and with one that is longer than there can be.
    for (const parameters of ['; boundary=x', '', `; boundary=${'x'.repeat(300)}`]) {
      const broken = await house.app.inject({
        method: 'POST',
        url: '/v1/files',
        headers: { ...auth(), 'content-type': `multipart/form-data${parameters}` },
        payload: '--x\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\nabc',
      });
      expect([broken.statusCode, broken.json().code]).toEqual([400, 'bad-request']);
    }
  });

  it('is its account’s own', async () => {
    const { body } = await upload(form({ content: [new Blob(['x']), 'x'] }));
    const other = await house.addCaller('other', 'member');
    for (const method of ['GET', 'DELETE'] as const) {
      const refused = await house.ask<Problem>(method, `/v1/files/${body.id}`, undefined, { token: other.token });
      expect(refused).toMatchObject({ status: 404, body: { detail: 'File not found' } });
    }
    expect((await house.ask('DELETE', `/v1/files/${body.id}`)).status).toBe(204);
    expect((await house.ask('GET', `/v1/files/${body.id}`)).status).toBe(404);
    expect((await fetch(here(body.urls.download))).status).toBe(404);
  });
});

describe('an output', () => {
  const content = '0123456789';
  let address: string;
  beforeAll(async () => {
    address = await addOutput('out-0.png', 'image/png');
  });

  async function addOutput(name: string, contentType: string): Promise<string> {
    const { store, deps } = house;
    const id = newId(Date.now());
    const facts = await deps.blobs.put(id, Buffer.from(content), { maxBytes: 100 });
    const row = {
      accountId: null,
      kind: 'output' as const,
      predictionId: null,
      metadata: {},
      createdAt: Date.now(),
      expiresAt: null,
    };
    await store.files.insert({ id, name, contentType, ...facts, ...row });
    return `${url}/v1/outputs/${id}.${deps.signer.sign(id, Math.floor(Date.now() / 1000) + 60)}/${name}`;
  }

  it('never runs as a page of this origin', async () => {
    const page = await fetch(await addOutput('page.html', 'text/html'));
    expect(page.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is not there with another capability', async () => {
    expect((await fetch(address.replace(/\.([\w-]{4})[\w-]+\//, '.$1/'))).status).toBe(404);
    expect((await fetch(`${url}/v1/outputs/nonsense/x`)).status).toBe(404);
  });
});

async function blobs(): Promise<string[]> {
  const entries = await readdir(house.folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .toSorted();
}
