import { createHash, randomBytes } from 'node:crypto';
import { NO_USE, type UsageRecord, type UseHistory } from '@hearth/core';
import { newId, systemNow } from '@hearth/kit';
import { testDatabase } from '@hearth/testkit';
import { Client } from 'pg';
import {
  createStore,
  type DeploymentRow,
  type DeploymentStatusRow,
  type NewPrediction,
  type Store,
  type VersionRow,
} from '../src/index.ts';

export interface World {
  readonly url: string;
  readonly store: Store;
  /** Looks into the database, past the store. */
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  close(): Promise<void>;
}

/** A store on a database of its own. */
export async function openWorld(): Promise<World> {
  const database = await testDatabase();
  const store = await createStore({ url: database.url });
  const admin = new Client({ connectionString: database.url });
  // A test may end every connection; what it asks afterwards says so by itself.
  admin.on('error', () => {});
  await admin.connect();
  return {
    url: database.url,
    store,
    query: (text, values) => admin.query(text, values),
    async close() {
      await admin.end();
      await store.close();
      await database.close();
    },
  };
}

export const hex64 = (seed: string = randomBytes(8).toString('hex')): string =>
  createHash('sha256').update(seed).digest('hex');
export const unique = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

export const SCALE = {
  hardwareSku: 'cpu',
  minInstances: 0,
  maxInstances: 3,
  keepAlive: { kind: 'fixed', ms: 300_000 } as const,
};

/** Something learned of everything that can be. */
export const HISTORY: UseHistory = {
  ...NO_USE,
  gaps: { counts: [0, 0.5, 12], timerOdds: 3.25 },
  burstSince: 1_000,
  idleSince: 2_000,
  window: { fromMs: 60_000, untilMs: 90_000 },
  foreseen: { fromMs: 60_000, untilMs: 90_000 },
  uses: { count: 4, at: 1_000 },
  bootMs: 20_000,
};

export async function addModel(store: Store, owner = unique('owner')) {
  const model = await store.models.insert({
    owner,
    name: unique('model'),
    description: null,
    visibility: 'public',
    hardwareSku: 'cpu',
    githubUrl: null,
    paperUrl: null,
    licenseUrl: null,
    coverImageUrl: null,
  });
  if (model === 'taken') throw new Error('a random name was taken');
  return model;
}

export async function addVersion(store: Store, modelId?: string, slots = 1): Promise<VersionRow> {
  return store.models.insertVersion({
    id: hex64(),
    modelId: modelId ?? (await addModel(store)).id,
    source: { kind: 'image', image: 'registry.example/model@sha256:1' },
    runtime: 'docker',
    openapiSchema: { openapi: '3.0.2' },
    cogVersion: '0.16.12',
    slots,
  });
}

export async function addDeployment(store: Store, change: Partial<typeof SCALE> = {}): Promise<DeploymentRow> {
  const version = await addVersion(store);
  const deployment = await store.deployments.insert({
    ...SCALE,
    ...change,
    owner: version.owner,
    name: unique('deployment'),
    modelId: version.modelId,
    versionId: version.id,
  });
  if (deployment === 'taken') throw new Error('a random name was taken');
  return deployment;
}

/** Of a deployment whose last boots failed, for the last time at `at`. */
export const crashLoop = (
  deployment: DeploymentRow,
  at: number,
  change: Partial<DeploymentStatusRow> = {},
): DeploymentStatusRow => ({
  deploymentId: deployment.id,
  blockedReason: 'crash-loop',
  blockedDetail: 'It failed to boot 3 times.',
  failure: {
    kind: 'setup_error',
    phase: 'setup',
    message: 'no weights',
    logTail: 'Traceback: no weights',
    exitCode: 1,
    at,
  },
  consecutiveFailures: 3,
  retryAt: at + 1000,
  failWaitingUntil: null,
  ...change,
});

export function newPrediction(deployment: DeploymentRow, change: Partial<NewPrediction> = {}): NewPrediction {
  const createdAt = change.createdAt ?? systemNow();
  return {
    id: newId(createdAt),
    accountId: 'account',
    model: deployment.model,
    versionId: deployment.versionId,
    deploymentId: deployment.id,
    deployment: deployment.implicit ? null : `${deployment.owner}/${deployment.name}`,
    hardwareSku: deployment.hardwareSku,
    input: { prompt: 'a cat' },
    source: 'api',
    webhook: null,
    webhookEventsFilter: null,
    createdAt,
    deadlineAt: null,
    kind: 'prediction',
    destination: null,
    streamsFiles: false,
    ...change,
  };
}

export function addInstance(store: Store, deployment: DeploymentRow, at = systemNow()) {
  return store.instances.insert({
    id: newId(at),
    deploymentId: deployment.id,
    versionId: deployment.versionId,
    hardwareSku: deployment.hardwareSku,
    hostId: 'here',
    deviceIds: ['gpu-0'],
    runtime: 'docker',
    memoryMiB: 1024,
    slots: 1,
    reason: 'one prediction waits',
    callbackTokenHash: hex64('token'),
    at,
  });
}

export function usageOf(
  prediction: { id: string; model: string; accountId: string },
  deployment: DeploymentRow,
  change: Partial<UsageRecord> = {},
): UsageRecord {
  return {
    id: prediction.id,
    predictionId: prediction.id,
    attempt: 1,
    accountId: prediction.accountId,
    model: prediction.model,
    versionId: deployment.versionId,
    deploymentId: deployment.id,
    hardwareSku: deployment.hardwareSku,
    predictMicroseconds: 1_500_000,
    priceMicrosPerSecond: 225,
    costMicros: 338,
    status: 'succeeded',
    at: systemNow(),
    ...change,
  };
}

/** Resolves when a session waits for an advisory lock, or another condition of the server holds: nothing signals it. */
export async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
