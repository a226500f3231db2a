import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

const PAGE = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let house: House;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-web-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(folder, 'theme.js'), 'theme();');
  await writeFile(join(folder, 'favicon.svg'), '<svg/>');
  await writeFile(join(folder, 'assets/main-1234.js'), 'main();');
  await writeFile(join(folder, 'assets/main-1234.js.br'), 'compressed');
  await writeFile(join(folder, '../outside.txt'), 'outside');
  house = await startHouse({ settings: { webFolder: folder } });
});
afterAll(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = {}) => house.app.inject({ method: 'GET', url, headers });

describe('the pages of the web UI', () => {
  it.each(['/', '/models', '/hearth/ocr', '/predictions/abc?tab=logs', '/v10/model'])('%s is the page', async (url) => {
    const response = await get(url, PAGE);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch(/^text\/html/);
    expect(response.body).toContain('the page');
  });

  it('may load and run nothing but what they came with', async () => {
    const { headers } = await get('/models', PAGE);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' });
  });

  it.each(['/v1/nothing', '/v1', '/session/x', '/docs/nothing', '/assets/gone.js', '/assets/..%2f..%2foutside.txt'])(
    '%s is not',
    async (url) => {
      const response = await get(url, PAGE);
      expect(response.body).not.toMatch(/the page|outside$/);
      expect(response.statusCode).toBe(404);
    },
  );

  it('do not stand where a program asks', async () => {
    const response = await get('/hearth/ocr', { accept: 'application/json' });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'no-such-route' });
    expect((await house.app.inject({ method: 'POST', url: '/', headers: PAGE })).statusCode).toBe(404);
  });

  it('shadow nothing that was there', async () => {
    expect((await get('/health', PAGE)).json()).toMatchObject({ status: 'ok' });
    expect((await get('/openapi.json', PAGE)).json()).toMatchObject({ info: { title: 'Hearth' } });
    expect((await get('/docs/', PAGE)).body).not.toContain('the page');
  });
});

describe('their files', () => {
  it('are kept by browsers for ever, where their names change with them', async () => {
    const { body, headers } = await get('/assets/main-1234.js');
    expect(body).toBe('main();');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await get('/theme.js')).headers['cache-control']).toBe('no-cache');
  });

  it('come compressed to who takes that', async () => {
    const { body, headers } = await get('/assets/main-1234.js', { 'accept-encoding': 'gzip, br' });
    expect(headers).toMatchObject({ 'content-encoding': 'br', 'content-type': expect.stringContaining('javascript') });
    expect(body).toBe('compressed');
  });
});

it('without a build there is an API and no page', async () => {
  const bare = await startHouse();
  const response = await bare.app.inject({ method: 'GET', url: '/', headers: PAGE });
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({ code: 'no-such-route' });
  await bare.close();
});
