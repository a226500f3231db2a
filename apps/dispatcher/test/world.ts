import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '@hearth/core';
import { type Blobs, createDiskBlobs, createSigner, type Signer } from '@hearth/files';
import { createLogger, createMetrics, createSealer, hashToken, newToken, type Sealer, systemNow } from '@hearth/kit';
import { createTransport, type PredictionNotice, type Transport } from '@hearth/queue';
import {
  createStore,
  type DeploymentRow,
  type InstanceRow,
  type NewPrediction,
  type PredictionRow,
  type Store,
} from '@hearth/store';
import { testDatabase } from '@hearth/testkit';
import type { Timings } from '../src/context.ts';
import { type Dispatcher, startDispatcher } from '../src/dispatcher.ts';
import { LIMITS, type Limits } from '../src/limits.ts';
import { createRunMetrics } from '../src/runs/run-metrics.ts';
import { eventually } from './eventually.ts';
import { type Call, type FakeModel, startFakeModel } from './fake-model.ts';
import { COG_VERSIONS, type Generation } from './generations.ts';
import { type PastTheStore, pastTheStore } from './past-the-store.ts';
import { newInstance, newPrediction, seed } from './seed.ts';

export { eventually } from './eventually.ts';
export { PRICE_MICROS } from './seed.ts';

const SIGNING_SECRET = 'a secret of the test, long enough';

/** A model server, and the ready instance that stands for it. */
export interface Stage {
  readonly model: FakeModel;
  readonly token: string;
  readonly instance: InstanceRow;
}

/** A database, a transport and a dispatcher of its own for one test, and what a test does with them. */
export interface World extends PastTheStore {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly transport: Transport;
  readonly blobs: Blobs;
  readonly blobsFolder: string;
  readonly signer: Signer;
  readonly sealer: Sealer;
  readonly deployment: DeploymentRow;
  readonly accountId: string;
  readonly notices: readonly PredictionNotice[];
  readonly schedulerPokes: () => number;
  /** Of the dispatchers that are started from now on. */
  limits: Limits;
  /** What they are told of themselves. */
  isLeading: () => boolean;
  /** An instance that becomes ready, with its model server. */
  stage(options?: { slots?: number; ready?: boolean; deployment?: DeploymentRow }): Promise<Stage>;
  ready(instance: InstanceRow, address: string): Promise<void>;
  /** Born as the api makes them: a row, a ticket, a poke. */
  predict(input?: Record<string, unknown>, over?: Partial<NewPrediction>): Promise<string>;
  /** A row without a ticket, as a queue that forgot it leaves it. */
  insert(input?: Record<string, unknown>, over?: Partial<NewPrediction>): Promise<string>;
  /** A dispatcher, and a prediction that an instance has begun: the call is what its model server was asked. */
  begin(timings?: Partial<Timings>): Promise<Stage & { readonly id: string; readonly call: Call }>;
  cancel(id: string): Promise<void>;
  get(id: string): Promise<PredictionRow>;
  /** The row once it is over. */
  ended(id: string): Promise<PredictionRow>;
  /** The scheduler says that an instance went down by itself. */
  fail(instance: InstanceRow, failure: Partial<Failure>, at?: number): Promise<void>;
  /** `at`: the callback URL of an earlier one, to take its place. */
  dispatch(
    timings?: Partial<Timings>,
    at?: string,
    now?: () => number,
    monotonicMs?: () => number,
  ): Promise<Dispatcher>;
  close(): Promise<void>;
}

type TransportKind = { readonly redisUrl: string } | 'postgres';

/**
 * `output`, `input`: their schemas in the version's OpenAPI document; without both the document says nothing.
 * `generation`: of the version and its model servers.
 */
export async function createWorld(
  kind: TransportKind = 'postgres',
  output?: object,
  generation: Generation = 'B',
  input?: object,
): Promise<World> {
  const database = await testDatabase();
  const store = await createStore({ url: database.url });
  const log = createLogger({ room: 'test', level: process.env.LOG_LEVEL ?? 'silent' });
  const transport = await createTransport(kind === 'postgres' ? { postgresUrl: database.url } : kind, {
    now: systemNow,
    log,
  });
  const folder = await mkdtemp(join(tmpdir(), 'hearth-dispatcher-'));
  const [blobs, signer] = [createDiskBlobs(folder), createSigner(SIGNING_SECRET)];
  const sealer = createSealer(['a key of the test, long enough to seal with']);
  const { accountId, deployment } = await seed(
    store,
    { ...(output && { Output: output }), ...(input && { Input: input }) },
    COG_VERSIONS[generation],
  );
  const stages: Stage[] = [];
  const dispatchers: Dispatcher[] = [];
  const notices: PredictionNotice[] = [];
  let pokes = 0;
  transport.bus.onNotice((notice) => notices.push(notice));
  transport.bus.onPoke('scheduler', () => pokes++);

  const get = async (id: string): Promise<PredictionRow> => {
    const row = await store.predictions.get(id);
    if (!row) throw new Error(`no prediction ${id}`);
    return row;
  };
  const world: World = {
    databaseUrl: database.url,
    store,
    transport,
    blobs,
    blobsFolder: folder,
    signer,
    sealer,
    deployment,
    accountId,
    notices,
    schedulerPokes: () => pokes,
    limits: LIMITS,
    isLeading: () => true,
    get,
    async ready(instance, address) {
      await store.instances.move(instance.id, 'booting', 'booted', { at: systemNow(), address });
      transport.bus.poke('dispatcher');
    },
    async stage({ slots = 1, ready = true, deployment: of = deployment } = {}) {
      const token = newToken();
      const model = await startFakeModel(token, generation);
      const instance = await store.instances.insert({
        ...newInstance(of, slots),
        callbackTokenHash: hashToken(token),
      });
      const stage = { model, token, instance };
      stages.push(stage);
      if (ready) await world.ready(instance, model.url);
      return stage;
    },
    async insert(input = {}, over = {}) {
      const row = await store.predictions.insert({ ...newPrediction(deployment, accountId), input, ...over });
      return row.id;
    },
    async predict(input, over) {
      const id = await world.insert(input, over);
      await transport.queues.enqueue(deployment.id, { predictionId: id, attempt: 0 });
      return id;
    },
    async begin(timings) {
      await world.dispatch(timings);
      const stage = await world.stage();
      const id = await world.predict();
      return { ...stage, id, call: await stage.model.next() };
    },
    async cancel(id) {
      await store.predictions.requestCancel(id, systemNow());
      transport.bus.poke('dispatcher');
    },
    ended: (id) =>
      eventually(async () => {
        const row = await get(id);
        if (row.completedAt === null) throw new Error(`prediction ${id} is still ${row.status}`);
        return row;
      }),
    async fail(instance, failure, at = systemNow()) {
      const whole: Failure = {
        kind: 'crash',
        phase: null,
        message: 'it ended',
        logTail: '',
        exitCode: 1,
        at,
        ...failure,
      };
      const { state } = (await store.instances.get(instance.id)) ?? instance;
      await store.instances.move(instance.id, state, 'vanished', { at, failure: whole });
      transport.bus.poke('dispatcher');
    },
    ...pastTheStore(database.url),
    async dispatch(timings = {}, at = 'http://127.0.0.1:0', now = systemNow, monotonicMs = now) {
      const exposition = createMetrics('dispatcher');
      const dispatcher = await startDispatcher({
        store,
        ...transport,
        blobs,
        signer,
        sealer,
        log,
        exposition,
        metrics: createRunMetrics(exposition),
        now,
        monotonicMs,
        publicUrl: 'http://hearth.test',
        limits: world.limits,
        isLeading: () => world.isLeading(),
        outbound: { rules: { allow: [], loopback: true, own: [], machine: [] } },
        callbackHosts: ['127.0.0.1'],
        callbackPort: Number(new URL(at).port),
        timings: {
          predictionTimeoutMs: 6e4,
          trainingTimeoutMs: 6e4,
          cancelGraceMs: 5e3,
          retentionMs: null,
          ...timings,
        },
      });
      dispatchers.push(dispatcher);
      return dispatcher;
    },
    async close() {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.close()));
      await Promise.all(stages.map(({ model }) => model.close()));
      await transport.close();
      await store.close();
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
  return world;
}
