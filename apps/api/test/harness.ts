import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProblemBody, WirePrediction } from '@hearth/contract';
import type { TerminalStatus } from '@hearth/core';
import { createDiskBlobs, createDownloadSigner, createSigner } from '@hearth/files';
import {
  createCoalescer,
  createLogger,
  createMetrics,
  createOutboundGuard,
  createSealer,
  hashToken,
  newToken,
  systemNow,
} from '@hearth/kit';
import { type Bus, createTransport, type Room } from '@hearth/queue';
import {
  type AccountRow,
  createStore,
  type ModelRow,
  type PredictionRow,
  type Scope,
  type VersionRow,
} from '@hearth/store';
import { testDatabase } from '@hearth/testkit';
import { vi } from 'vitest';
import { buildApp } from '../src/app.ts';
import type { ApiDeps, ApiSettings } from '../src/deps.ts';
import { seedHardware } from '../src/first-start.ts';
import { createUrlCheck } from '../src/predictions/outbound-check.ts';

/** The names that this API can resolve. */
const addressesOf = (name: string) => {
  if (!name.endsWith('.internal')) throw new Error(`ENOTFOUND ${name}`);
  return [{ address: '10.0.0.5', family: 4 }];
};

const SECRET_KEY = 'a key of the tests, long enough to seal with';
export const FILES_SECRET = 'a files secret of the tests';

export type House = Awaited<ReturnType<typeof startHouse>>;

/** An API on a real database, queue and blob folder. The dispatcher's and scheduler's parts are played with store calls. */
export async function startHouse(options: { settings?: Partial<ApiSettings>; deps?: (deps: ApiDeps) => ApiDeps } = {}) {
  const database = await testDatabase();
  const log = createLogger({ room: 'test', level: 'silent' });
  const store = await createStore({ url: database.url });
  const transport = await createTransport({ postgresUrl: database.url }, { now: systemNow, log });
  const { queues, bus } = transport;
  const folder = await mkdtemp(join(tmpdir(), 'hearth-api-'));
  const signer = createSigner('a secret of the tests');
  const settings: ApiSettings = {
    publicUrl: 'http://hearth.test',
    keepAlive: { kind: 'fixed', ms: 300_000 },
    maxInstances: 3,
    schedulerUrl: 'http://127.0.0.1:1',
    trustProxy: null,
    maxConnections: 1_000,
    headersTimeoutMs: 20_000,
    rateLimits: { predictionsPerMinute: null, requestsPerMinute: null },
    runs: { expectedMs: 60_000, predictionTimeoutMs: 1_800_000, trainingTimeoutMs: 86_400_000, cancelGraceMs: 10_000 },
    maxUploadBytes: 100 * 2 ** 20,
    uploadRetentionMs: 24 * 3_600_000,
    webFolder: join(folder, 'web'),
    ...options.settings,
  };
  const blobs = createDiskBlobs(folder);
  const deps: ApiDeps = {
    store,
    queues,
    bus,
    blobs,
    signer,
    downloads: createDownloadSigner(FILES_SECRET),
    sealer: createSealer([SECRET_KEY]),
    urlCheck: createUrlCheck(createOutboundGuard({ resolve: async (name) => addressesOf(name) }), systemNow),
    metrics: createMetrics('test'),
    log,
    now: systemNow,
    settings,
  };
  const app = await buildApp(options.deps ? options.deps(deps) : deps);
  await seedHardware(store);
  await hearPokes(bus);
  const admin = await addCaller('hearth', 'admin');

  /** `admin`: an operator's token; `member`: one of the account's owner. */
  async function addCaller(username: string, role: 'admin' | 'member', scope: Scope = 'admin') {
    const account: AccountRow = await store.accounts.ensure({ type: 'user', username, name: username });
    const token = newToken();
    await store.accounts.addToken({
      accountId: account.id,
      name: 'test',
      scope,
      operator: role === 'admin',
      hash: hashToken(token),
      hint: token.slice(-4),
    });
    return { account, token };
  }

  return {
    app,
    databaseUrl: database.url,
    deps,
    store,
    queues,
    bus,
    folder,
    admin,
    addCaller,
    /** Plays a room that looks when it is poked, never twice at once. */
    whenPoked(room: Room, look: () => Promise<void>): () => void {
      const coalescer = createCoalescer(look);
      return bus.onPoke(room, () => coalescer.trigger());
    },
    addModel: (name: string, schema?: object, visibility: ModelRow['visibility'] = 'public') =>
      addModel(deps, admin.account.username, name, schema, visibility),
    /** A request with the admin's token, or another, answered with its parsed body. */
    async ask<Body = WirePrediction>(
      method: Method,
      url: string,
      body?: unknown,
      more: { token?: string; headers?: Record<string, string> } = {},
    ): Promise<Answer<Body>> {
      const response = await app.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${more.token ?? admin.token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...more.headers,
        },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const json = /[/+]json\b/.test(response.headers['content-type'] ?? '');
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        body: (json ? response.json() : null) as Body,
      };
    },
    async close() {
      await app.close();
      await transport.close();
      await store.close();
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A house with the model `hearth/echo`, and who plays the dispatcher in it. */
export async function startEchoHouse() {
  const house = await startHouse();
  const { version, deployment } = await house.addModel('echo');
  return { house, version: version.id, deploymentId: deployment.id, dispatcher: createDispatcher(house.deps) };
}

/** Listening begins a moment after it was asked for: resolves once nothing can be missed any more. */
async function hearPokes(bus: Bus): Promise<void> {
  for (const room of ['api', 'scheduler', 'dispatcher'] as const) {
    let heard = false;
    const stop = bus.onPoke(room, () => {
      heard = true;
    });
    await vi.waitUntil(() => {
      bus.poke(room);
      return heard;
    });
    stop();
  }
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
  /** Null where the answer is not JSON. */
  readonly body: Body;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD' | 'PUT' | 'QUERY';
export type Problem = ProblemBody;

/** As Cog writes them: choices by reference, numbers with bounds, files as URIs. */
export const ECHO_SCHEMA = {
  openapi: '3.0.2',
  components: {
    schemas: {
      mode: { title: 'mode', enum: ['ok', 'fail'], type: 'string', description: 'An enumeration.' },
      Input: {
        type: 'object',
        title: 'Input',
        required: ['text'],
        properties: {
          text: { type: 'string', title: 'Text', minLength: 1, maxLength: 20, 'x-order': 0 },
          mode: { allOf: [{ $ref: '#/components/schemas/mode' }], default: 'ok', 'x-order': 1 },
          rate: { type: 'integer', minimum: 1, maximum: 100, default: 10, 'x-order': 2 },
          scale: { type: 'number', 'x-order': 3 },
          loud: { type: 'boolean', 'x-order': 4 },
          image: { type: 'string', format: 'uri', 'x-order': 5 },
          images: { type: 'array', items: { type: 'string', format: 'uri' }, 'x-order': 6 },
          code: { type: 'string', pattern: '^[A-Z]{3}$', 'x-order': 7 },
          key: { type: 'string', format: 'password', 'x-cog-secret': true, maxLength: 4, 'x-order': 8 },
          any: { 'x-order': 9 },
        },
      },
      Output: { type: 'array', items: { type: 'string' }, 'x-cog-array-type': 'iterator' },
    },
  },
};

/** A model with one version and that version's implicit deployment. */
async function addModel(
  { store, settings }: ApiDeps,
  owner: string,
  name: string,
  schema: object = ECHO_SCHEMA,
  visibility: ModelRow['visibility'] = 'public',
) {
  const links = { description: null, githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
  const model = await store.models.insert({ owner, name, visibility, hardwareSku: 'cpu', ...links });
  if (model === 'taken') throw new Error(`${owner}/${name} is there already`);
  const version: VersionRow = await store.models.insertVersion({
    id: randomBytes(32).toString('hex'),
    modelId: model.id,
    source: { kind: 'image', image: `registry.test/${name}` },
    runtime: 'docker',
    openapiSchema: { ...schema },
    cogVersion: '0.16.12',
    slots: 1,
  });
  const { keepAlive, maxInstances } = settings;
  const scale = { hardwareSku: 'cpu', minInstances: 0, maxInstances, keepAlive };
  const deployment = await store.deployments.ensureImplicit(version, scale);
  return { model, version, deployment };
}

/** The dispatcher's part: claims waiting predictions and writes what a container reported. */
export function createDispatcher({ store, bus, now }: Pick<ApiDeps, 'store' | 'bus' | 'now'>) {
  const claim = async (id: string): Promise<PredictionRow> => {
    const waiting = await store.predictions.get(id);
    if (waiting === null) throw new Error(`no prediction ${id}`);
    const instance = { id: 'instance-of-the-test', versionId: waiting.versionId, hardwareSku: waiting.hardwareSku };
    const row = await store.predictions.claim({ predictionId: id, attempt: waiting.attempt }, instance, now());
    if (row === null) throw new Error(`${id} cannot be claimed`);
    bus.announce({ id, kind: 'started' });
    return row;
  };
  return {
    claim,
    async progress(row: PredictionRow, change: { output?: unknown; logs?: string }) {
      await store.predictions.progress(row.id, row.attempt, change);
      bus.announce({ id: row.id, kind: 'progress' });
    },
    async finish(
      row: PredictionRow,
      status: TerminalStatus,
      end: { output?: unknown; error?: string; logs?: string } = {},
    ) {
      const metrics = { predict_time: 0.5, total_time: 1 };
      const attempt = row.status === 'starting' ? null : row.attempt;
      const ended = await store.predictions.finish(
        row.id,
        attempt,
        { status, metrics, completedAt: now(), ...end },
        null,
      );
      if (ended === null) throw new Error(`${row.id} cannot be finished`);
      bus.announce({ id: row.id, kind: 'finished' });
      return ended;
    },
  };
}

/** The newest prediction of the account, once there is one. */
export const waitForPrediction = (house: House, accountId = house.admin.account.id): Promise<PredictionRow> =>
  vi.waitUntil(async () => (await house.store.predictions.list({ accountId, limit: 1 }))[0], {
    timeout: 5_000,
    interval: 10,
  });
