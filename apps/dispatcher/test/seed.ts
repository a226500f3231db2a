import { newId, systemNow } from '@hearth/kit';
import type { DeploymentRow, NewPrediction, Store } from '@hearth/store';

export const PRICE_MICROS = 1_000_000;
const SKU = 'cpu';
const HOST = 'host';

/** An account with a model, its version and that one's deployment, and a host for them. */
export async function seed(
  store: Store,
  schemas: Readonly<Record<string, object>>,
  cogVersion: string,
): Promise<{ accountId: string; deployment: DeploymentRow }> {
  const account = await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' });
  const hardware = {
    sku: SKU,
    name: 'CPU',
    gpus: 0,
    vramMiB: 0,
    cpus: 1,
    memoryMiB: 64,
    priceMicrosPerSecond: PRICE_MICROS,
    gpuShareMiB: 0,
    gpuType: null,
    labels: {},
    fallback: [],
  };
  await store.hosts.putHardware(hardware);
  await store.hosts.upsert({
    id: HOST,
    name: HOST,
    runtimes: ['process'],
    memoryMiB: 8192,
    devices: [],
    runtimeNotes: {},
    lastSeenAt: systemNow(),
  });
  const model = await store.models.insert({
    owner: 'ada',
    name: 'echo',
    description: null,
    visibility: 'private',
    hardwareSku: SKU,
    githubUrl: null,
    paperUrl: null,
    licenseUrl: null,
    coverImageUrl: null,
  });
  if (model === 'taken') throw new Error('the test database is not empty');
  const version = await store.models.insertVersion({
    id: 'a'.repeat(64),
    modelId: model.id,
    runtime: 'process',
    openapiSchema: Object.keys(schemas).length > 0 ? { components: { schemas } } : {},
    cogVersion,
    slots: 1,
    source: {
      kind: 'path',
      path: '/nowhere',
      command: ['true'],
      env: {},
    },
  });
  const scale = {
    hardwareSku: SKU,
    minInstances: 0,
    maxInstances: 3,
    keepAlive: { kind: 'fixed', ms: 60_000 } as const,
  };
  return { accountId: account.id, deployment: await store.deployments.ensureImplicit(version, scale) };
}

export const newInstance = ({ id, versionId }: DeploymentRow, slots: number) => ({
  id: newId(systemNow()),
  deploymentId: id,
  versionId,
  hardwareSku: SKU,
  hostId: HOST,
  deviceIds: [],
  runtime: 'process' as const,
  memoryMiB: 64,
  slots,
  reason: 'the test wants it',
  at: systemNow(),
});

export const newPrediction = (deployment: DeploymentRow, accountId: string): NewPrediction => ({
  id: newId(systemNow()),
  accountId,
  model: 'ada/echo',
  versionId: deployment.versionId,
  deploymentId: deployment.id,
  deployment: null,
  hardwareSku: SKU,
  input: {},
  source: 'api',
  webhook: null,
  webhookEventsFilter: null,
  createdAt: systemNow(),
  deadlineAt: null,
  kind: 'prediction',
  destination: null,
  streamsFiles: false,
  holdMicros: 3_600 * PRICE_MICROS,
});
