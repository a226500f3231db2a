import { createHmac } from 'node:crypto';
import type { WireFile, WirePage } from '@hearth/contract';
import { newId, systemNow } from '@hearth/kit';
import type { FileRow } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILES_SECRET, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let url: string;
beforeAll(async () => {
  house = await startHouse({ settings: { maxUploadBytes: 1.5 * 2 ** 20, uploadRetentionMs: 60_000 } });
  url = await house.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => house.close());

const CONTENT = '0123456789';

/** A stored file, as an upload or an output leaves it. */
async function addFile(over: Partial<FileRow> = {}): Promise<FileRow> {
  const id = newId(systemNow());
  const facts = await house.deps.blobs.put(id, Buffer.from(CONTENT), { maxBytes: 100 });
  return house.store.files.insert({
    id,
    accountId: house.admin.account.id,
    kind: 'upload',
    predictionId: null,
    name: 'käse.png',
    contentType: 'image/png',
    metadata: {},
    createdAt: systemNow(),
    expiresAt: systemNow() + 60_000,
    ...facts,
    ...over,
  });
}

/** A download URL as Replicate's documentation makes one. */
function downloadUrl(id: string, { owner = 'hearth', expiry = Math.floor(systemNow() / 1000) + 60 } = {}): string {
  const signature = createHmac('sha256', FILES_SECRET).update(`${owner} ${id} ${expiry}`).digest('base64');
  return `${url}/v1/files/${id}/download?owner=${owner}&expiry=${expiry}&signature=${encodeURIComponent(signature)}`;
}

function outputUrl(id: string): string {
  const signature = house.deps.signer.sign(id, Math.floor(systemNow() / 1000) + 60);
  return `${url}/v1/outputs/${id}.${signature}/k%C3%A4se.png`;
}

const addresses = {
  'a download': async (over: Partial<FileRow> = {}) => downloadUrl((await addFile(over)).id),
  'an output': async (over: Partial<FileRow> = {}) =>
    outputUrl((await addFile({ kind: 'output', expiresAt: null, ...over })).id),
};

describe.each(Object.entries(addresses))('%s', (_kind, add) => {
  let address: string;
  beforeAll(async () => {
    address = await add();
  });
  const get = (headers: Record<string, string>, method = 'GET') => fetch(address, { method, headers });

  it('is the bytes, under their name and type, to anybody, whatever token comes along', async () => {
    for (const headers of [{}, { authorization: 'Bearer whatever' }, { authorization: 'Basic eDp5' }]) {
      const response = await fetch(address, { headers, redirect: 'error' });
      expect([response.status, await response.text()]).toEqual([200, CONTENT]);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-length': '10',
        'content-disposition': "inline; filename*=UTF-8''k%C3%A4se.png",
        'accept-ranges': 'bytes',
        'cache-control': 'private, max-age=3600',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': expect.stringContaining('content-range'),
      });
    }
  });

  it.each([
    ['bytes=2-4', 206, 'bytes 2-4/10', '234'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-1', 206, 'bytes 9-9/10', '9'],
    ['bytes=0-0', 206, 'bytes 0-0/10', '0'],
    ['bytes=5-500', 206, 'bytes 5-9/10', '56789'],
    ['bytes=0-1,3-4', 200, null, CONTENT],
    ['lines=1-2', 200, null, CONTENT],
  ])('answers the range %s with %i', async (range, status, contentRange, text) => {
    const response = await get({ range });
    expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
    expect(await response.text()).toBe(text);
  });

  it('says how long it is to a range behind its end, and to HEAD', async () => {
    const behind = await get({ range: 'bytes=10-' });
    expect([behind.status, behind.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    expect(behind.headers.get('access-control-allow-origin')).toBe('*');
    expect(await behind.json()).toMatchObject({ code: 'range-not-satisfiable' });
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    const part = await get({ range: 'bytes=1-2' }, 'HEAD');
    expect([part.status, part.headers.get('content-length')]).toEqual([206, '2']);
  });

  it('is not sent again to who has it', async () => {
    const tag = (await get({})).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9a-f]{32}"$/);
    for (const header of [tag, `"other", W/${tag}`, '*']) {
      const same = await get({ 'if-none-match': header });
      expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, tag, '']);
    }
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
    expect((await get({ range: 'bytes=1-2', 'if-range': tag })).status).toBe(206);
    const changed = await get({ range: 'bytes=1-2', 'if-range': '"other"' });
    expect([changed.status, await changed.text()]).toEqual([200, CONTENT]);
  });

  it('may be asked for in parts by a page of another origin', async () => {
    const asks = { origin: 'https://app.test', 'access-control-request-method': 'GET' };
    const preflight = await get({ ...asks, 'access-control-request-headers': 'range' }, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': expect.stringContaining('range'),
    });
  });

  it('is not there once it has expired, or its bytes are gone', async () => {
    expect((await fetch(await add({ expiresAt: systemNow() }))).status).toBe(404);
    const without = await add();
    await house.deps.blobs.remove(/\/([0-9a-z]{26})[/.]/.exec(without)?.[1] ?? '');
    const gone = await fetch(without);
    expect(gone.status).toBe(404);
    // A browser would keep the 404.
    expect([gone.headers.get('cache-control'), gone.headers.get('etag')]).toEqual([null, null]);
  });
});

describe('a download URL', () => {
  it('is given with the file, signed as documented', async () => {
    const { id, expiresAt } = await addFile();
    const { body } = await house.ask<WireFile>('GET', `/v1/files/${id}`);
    const given = new URL(body.urls.download);
    const expected = new URL(downloadUrl(id, { expiry: Math.floor((expiresAt ?? 0) / 1000) }));
    expect(Object.fromEntries(given.searchParams)).toEqual(Object.fromEntries(expected.searchParams));
  });

  it.each([
    ['another owner', (good: string) => good.replace('owner=hearth', 'owner=eve')],
    ['a later expiry', (good: string) => good.replace(/expiry=\d/, 'expiry=9')],
    ['a changed signature', (good: string) => good.replace('signature=', 'signature=A')],
    ['its signature twice', (good: string) => `${good}&signature=x`],
    ['no owner', (good: string) => good.replace('owner=', 'o=')],
    ['no expiry', (good: string) => good.replace('expiry=', 'e=')],
    ['no signature', (good: string) => good.replace('signature=', 's=')],
    ['another file', (good: string) => good.replace(/files\/\w+/, `files/${newId(systemNow())}`)],
  ])('with %s leads nowhere', async (_what, change) => {
    const response = await fetch(change(downloadUrl((await addFile()).id)));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: 'File not found' });
  });

  it('that is over says so, where it is ours', async () => {
    const expiry = Math.floor(systemNow() / 1000);
    const { id } = await addFile();
    const over = await fetch(downloadUrl(id, { expiry }));
    expect(over.status).toBe(403);
    const until = new Date(expiry * 1_000).toISOString();
    expect(await over.json()).toMatchObject({ code: 'url-expired', detail: `This URL was good until ${until}.` });
    const output = await addFile({ kind: 'output' });
    const signature = house.deps.signer.sign(output.id, expiry);
    expect((await fetch(`${url}/v1/outputs/${output.id}.${signature}/a.png`)).status).toBe(403);
    const stream = house.deps.signer.sign(`stream ${id}`, expiry);
    expect((await fetch(`${url}/v1/streams/${id}.${stream}`)).status).toBe(403);
    // Changed, it is nobody's.
    const later = signature.replace(String(expiry), String(expiry + 60));
    expect((await fetch(`${url}/v1/outputs/${output.id}.${later}/a.png`)).status).toBe(404);
    expect((await fetch(`${url}/v1/streams/${id}.${stream.slice(0, -1)}`)).status).toBe(404);
  });

  it('to an output or to a file that is over leads nowhere', async () => {
    expect((await fetch(downloadUrl((await addFile({ kind: 'output' })).id))).status).toBe(404);
    expect((await fetch(outputUrl((await addFile()).id))).status).toBe(404);
  });
});

describe('uploads', () => {
  const upload = async (size: number) => {
    const form = new FormData();
    form.append('content', new Blob([new Uint8Array(size)]), 'x.bin');
    const headers = { authorization: `Bearer ${house.admin.token}` };
    const response = await fetch(`${url}/v1/files`, { method: 'POST', headers, body: form });
    return { status: response.status, body: (await response.json()) as WireFile & Problem };
  };

  it('may be as large as the setting says, and a larger one is told so', async () => {
    const { status, body } = await upload(1.5 * 2 ** 20);
    expect([status, body.size]).toEqual([201, 1.5 * 2 ** 20]);
    expect(Date.parse(body.expires_at ?? '') - Date.parse(body.created_at)).toBe(60_000);
    const refused = await upload(1.5 * 2 ** 20 + 1);
    expect([refused.status, refused.body.detail]).toEqual([413, 'Files must be less than 1.5MiB in size']);
  });

  it('that have expired are there for nobody, and leave the pages of the list full', async () => {
    const caller = await house.addCaller('lister', 'member');
    const mine = { accountId: caller.account.id };
    const expired: FileRow[] = [];
    for (let at = 0; at < 102; at++) {
      await addFile(mine);
      if (at % 10 === 0) expired.push(await addFile({ ...mine, expiresAt: systemNow() }));
    }
    const [first] = expired;
    for (const method of ['GET', 'DELETE'] as const) {
      const refused = await house.ask(method, `/v1/files/${first?.id}`, undefined, { token: caller.token });
      expect(refused.status).toBe(404);
    }
    const { body: page } = await house.ask<WirePage<WireFile>>('GET', '/v1/files', undefined, { token: caller.token });
    expect(page.results).toHaveLength(100);
    const next = await house.ask<WirePage<WireFile>>(
      'GET',
      page.next?.replace('http://hearth.test', '') ?? '',
      undefined,
      {
        token: caller.token,
      },
    );
    expect([next.body.results.length, next.body.next]).toEqual([2, null]);
    const listed = [...page.results, ...next.body.results].map(({ id }) => id);
    expect(listed.filter((id) => expired.some((file) => file.id === id))).toEqual([]);
  });
});
