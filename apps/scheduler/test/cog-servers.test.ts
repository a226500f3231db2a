/** What servers of Cog's generations say at their boot, and what is made of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { versionOfImage } from '../src/import-image.ts';
import { inspected, readSchema } from '../src/imports.ts';
import { readHealth, throwIfSetupFailed } from '../src/readiness.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The address of a server that answers so, by path. */
async function serving(answers: Readonly<Record<string, readonly [status: number, body: unknown]>>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const [status, body] = answers[url] ?? [404, { detail: 'Not Found' }];
    response.writeHead(status).end(JSON.stringify(body));
  });
  closing.push(() => server.close().closeAllConnections());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

/** What is made of this answer to `GET /health-check`. */
const healthFrom = async (status: number, body: unknown) =>
  readHealth(await serving({ '/health-check': [status, body] }), AbortSignal.timeout(5_000));

const NO_HEALTH_CHECK = {
  kind: 'setup_error',
  message: expect.stringMatching(/^Its server has no GET \/health-check\. Cog has it since 0\.7/),
};

describe('the health of a server that comes up', () => {
  it.each([
    ['0.7 and 0.8, while the setup runs', { status: 'STARTING', setup: null }, 'STARTING'],
    ['A and B', { status: 'STARTING', setup: {} }, 'STARTING'],
    [
      'coglet',
      { status: 'STARTING', setup: { started_at: 'T', status: 'starting' }, version: { coglet: '1' } },
      'STARTING',
    ],
    ['a model whose own check fails', { status: 'UNHEALTHY', setup: {}, user_healthcheck_error: 'no' }, 'UNHEALTHY'],
    ['a server of somebody else', { status: 'READY' }, 'READY'],
  ])('is read from %s', async (_, body, status) => {
    expect(await healthFrom(200, body)).toEqual({ status, setupLogs: '' });
  });

  it('is not known from what is no such answer', async () => {
    expect(await healthFrom(200, ['up'])).toBeNull();
    expect(await healthFrom(502, { error: 'starting' })).toBeNull();
  });

  it('will never be known where there is no such page, and that is said at once', async () => {
    await expect(healthFrom(404, { detail: 'Not Found' })).rejects.toMatchObject(NO_HEALTH_CHECK);
  });
});

describe('an image without labels, booted once and asked', () => {
  const schema = { openapi: '3.0.2' };
  const asked = async (answers: Parameters<typeof serving>[0]) =>
    inspected(await serving(answers), { readSchema, readHealth }, AbortSignal.timeout(5_000));

  it('says its schema and its version, while its setup runs', async () => {
    const said = await asked({
      '/openapi.json': [200, schema],
      '/': [200, { cog_version: '0.16.12' }],
      '/health-check': [200, { status: 'STARTING', setup: {} }],
    });
    expect(said).toEqual({ openapiSchema: schema, cogVersion: '0.16.12' });
  });

  it('says its schema where its server came up between two questions, with a setup that failed at once', async () => {
    const address = await serving({ '/health-check': [200, { status: 'SETUP_FAILED' }] });
    const answers = [null, { openapiSchema: schema, cogVersion: null }];
    const said = await inspected(
      address,
      { readSchema: async () => answers.shift() ?? null, readHealth },
      AbortSignal.timeout(5_000),
    );
    expect(said).toEqual({ openapiSchema: schema, cogVersion: null });
  });

  it('may have no schema yet, or never', async () => {
    const none = { '/openapi.json': [503, { error: 'OpenAPI schema not available' }] } as const;
    expect(await asked({ ...none, '/health-check': [200, { status: 'STARTING' }] })).toBeNull();
    await expect(asked({ ...none, '/health-check': [200, { status: 'SETUP_FAILED' }] })).rejects.toThrow(
      'Its setup failed.',
    );
  });

  it('is refused where it is ready and has none, which coglet leaves to the build', async () => {
    const ready = { '/openapi.json': [503, {}], '/health-check': [200, { status: 'READY' }] } as const;
    await expect(asked(ready)).rejects.toMatchObject({
      kind: 'setup_error',
      message: expect.stringContaining('no OpenAPI document at GET /openapi.json'),
    });
  });

  it('is refused where it has a schema and no health check', async () => {
    await expect(asked({ '/openapi.json': [200, schema] })).rejects.toMatchObject(NO_HEALTH_CHECK);
  });
});

describe('a setup that failed', () => {
  const failed = (setupLogs: string) => () => throwIfSetupFailed({ status: 'SETUP_FAILED', setupLogs });

  it('is told with its log by A and B', () => {
    expect(failed('loading\nValueError: boom\n')).toThrow(
      expect.objectContaining({ message: 'Its setup failed.', logTail: 'loading\nValueError: boom' }),
    );
  });

  it('is told by its error alone by coglet; the log is that of the instance', () => {
    expect(failed('worker setup failed (slot 0): Setup failed: boom')).toThrow(
      expect.objectContaining({
        message: 'Its setup failed: worker setup failed (slot 0): Setup failed: boom',
        logTail: '',
      }),
    );
  });

  it('is told without what no database holds, and no longer than a log is', () => {
    expect(failed('no\0weights')).toThrow(expect.objectContaining({ message: 'Its setup failed: noweights' }));
    expect(failed('x'.repeat(1e6))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^Its setup failed: …x{8192}$/) }),
    );
  });
});

describe('an image', () => {
  const imported = (cogVersion: string) => () =>
    versionOfImage('ada/ocr', {
      id: `sha256:${'a'.repeat(64)}`,
      sizeBytes: 0,
      repoDigests: [],
      labels: { 'run.cog.version': cogVersion },
      env: {},
      entrypoint: [],
      cmd: [],
    });

  it.each(['0.3.9', '0.6.1', 'v0.4.0'])('of Cog %s is refused, with the reason', (cogVersion) => {
    expect(imported(cogVersion)).toThrow(
      `it was built by Cog ${cogVersion}, whose servers have no GET /health-check. Cog has it since 0.7; build the image anew with a later Cog.`,
    );
  });

  it.each(['0.7.0', '0.9.26', '0.16.12', '0.22.0', '1.6.1', 'dev', '0.10.0-alpha2'])(
    'of Cog %s is taken',
    (cogVersion) => {
      expect(imported(cogVersion)()).toMatchObject({ cogVersion });
    },
  );
});
