import { createHash } from 'node:crypto';
import { newId, systemNow } from '@hearth/kit';
import type { FileRow } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const get = (url: string, headers: Record<string, string> = {}) => house.app.inject({ url, headers });

/** An output of a model, by its URL. */
async function outputUrl(contentType: string, content: string): Promise<string> {
  const id = newId(systemNow());
  const facts = await house.deps.blobs.put(id, Buffer.from(content), { maxBytes: 1_000 });
  const row: FileRow = {
    id,
    accountId: house.admin.account.id,
    kind: 'output',
    predictionId: null,
    name: 'out',
    contentType,
    metadata: {},
    createdAt: systemNow(),
    expiresAt: null,
    ...facts,
  };
  await house.store.files.insert(row);
  return `/v1/outputs/${id}.${house.deps.signer.sign(id, Math.floor(systemNow() / 1_000) + 60)}/out`;
}

describe('every answer', () => {
  it.each([
    ['an answer', '/v1/account', true],
    ['a refusal', '/v1/account', false],
    ['what is nowhere', '/v1/nothing', true],
    ['a URL that cannot be read', '/v1/%zz', true],
    ['health', '/health', false],
    ['the document', '/openapi.json', false],
    ['the page of the document', '/docs/', false],
    ['a session', '/session', false],
    ['a stream that is not there', '/v1/streams/nothing', false],
    ['an output that is not there', '/v1/outputs/nothing/x', false],
    ['no page', '/nothing', false],
  ])('%s may not be framed, guessed at or told of', async (_what, url, signedIn) => {
    const { headers } = await get(url, signedIn ? { authorization: `Bearer ${house.admin.token}` } : {});
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'permissions-policy': expect.stringContaining('camera=()'),
      'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
    });
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('x-powered-by');
  });

  it('insists on TLS where that is how Hearth is reached', async () => {
    const other = await startHouse({ settings: { publicUrl: 'https://hearth.example' } });
    const { headers } = await other.app.inject({ url: '/health' });
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
    await other.close();
  });
});

describe('what a model made', () => {
  it.each([
    ['text/html', 'attachment', true],
    ['image/svg+xml', 'attachment', true],
    ['text/html; charset=utf-8', 'attachment', true],
    ['application/xhtml+xml', 'attachment', true],
    ['text/javascript', 'attachment', true],
    ['image/png', 'inline', true],
    ['video/mp4', 'inline', true],
    ['text/plain', 'inline', true],
    ['application/pdf', 'inline', false],
  ])('%s runs nothing in our origin, and pages elsewhere may show it', async (contentType, disposition, sandboxed) => {
    const { headers, statusCode } = await get(await outputUrl(contentType, '<script>alert(1)</script>'));
    expect(statusCode).toBe(200);
    expect(String(headers['content-disposition']).split(';')[0]).toBe(disposition);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy.endsWith('; sandbox')).toBe(sandboxed);
    expect(policy).not.toMatch(/script-src|allow-scripts/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': '*',
    });
  });
});

it('the page of the document runs its own scripts alone', async () => {
  const { body, headers } = await get('/docs/');
  const policy = String(headers['content-security-policy']);
  const [, inline = ''] = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(body) ?? [];
  expect(inline).toContain('Scalar.createApiReference');
  expect(policy).toContain(`script-src 'self' 'sha256-${createHash('sha256').update(inline).digest('base64')}';`);
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
});
