import type { DeploymentRow, Store } from '@hearth/store';
import type { PlannedDeployment, Scenario } from './scenario.ts';

export const FAR_HOST = 'far';
export const PRICE_MICROS_PER_SECOND = 1_000;
/** Room for two instances on this machine, and for three on the far one. */
const INSTANCE_MIB = 6_000;
const FAR_MIB = 20_000;
const GPUS = ['GPU-1', 'GPU-2'];

/** What there is before anything is asked for. */
export interface Setting {
  readonly accountIds: readonly string[];
  readonly deployments: readonly DeploymentRow[];
}

/** As operators and users do: hardware, accounts with what they may ask for and spend, a host, and deployments. */
export async function setUp(store: Store, scenario: Scenario, now: () => number): Promise<Setting> {
  const rest = { vramMiB: 0, cpus: 0, gpuShareMiB: 0, gpuType: null, labels: {}, fallback: [] };
  const hardware = { memoryMiB: INSTANCE_MIB, priceMicrosPerSecond: PRICE_MICROS_PER_SECOND, ...rest };
  await store.hosts.putHardware({ sku: 'cpu', name: 'cpu', gpus: 0, ...hardware });
  await store.hosts.putHardware({ sku: 'gpu', name: 'gpu', gpus: 1, ...hardware, vramMiB: 1 });
  const ada = await store.accounts.ensure({ type: 'user', username: 'ada', name: 'ada' });
  const bob = await store.accounts.ensure({ type: 'user', username: 'bob', name: 'bob' });
  await store.accounts.setShare('bob', { maxInFlight: scenario.maxInFlight });
  if (scenario.budgetMicros !== null)
    await store.budgets.set({ accountId: bob.id, tokenId: null }, { dayMicros: scenario.budgetMicros }, now());
  if (scenario.farHost) await addFarHost(store, now());
  const deployments: DeploymentRow[] = [];
  for (const [n, planned] of scenario.deployments.entries()) deployments.push(await deploy(store, n, planned));
  return { accountIds: [ada.id, bob.id], deployments };
}

async function addFarHost(store: Store, now: number): Promise<void> {
  const ways = { address: null, bindAddress: null, callbackHost: null };
  const ssh = { identity: null, knownHosts: null };
  const devices = GPUS.map((id) => ({ id, name: 'A GPU', vramMiB: 24_000 }));
  const settings = {
    name: FAR_HOST,
    labels: {},
    connection: { url: 'tcp://far:2375', tls: null, ssh, ...ways },
    declared: { devices, memoryMiB: FAR_MIB, cpus: null },
    cordoned: false,
    draining: false,
  };
  await store.hosts.add(FAR_HOST, settings, now);
}

async function deploy(store: Store, n: number, planned: PlannedDeployment): Promise<DeploymentRow> {
  const texts = { description: null, githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
  const sku = planned.isOnGpu ? 'gpu' : 'cpu';
  const name = `model-${n}`;
  const model = await store.models.insert({ owner: 'ada', name, visibility: 'private', hardwareSku: sku, ...texts });
  if (model === 'taken') throw new Error(`${name} is taken`);
  const version = await store.models.insertVersion({
    id: String(n).padStart(64, '0'),
    modelId: model.id,
    source: { kind: 'path', path: `/${name}`, command: ['serve'], env: {} },
    runtime: 'process',
    openapiSchema: {},
    cogVersion: '0.16.12',
    slots: planned.slots,
  });
  return store.deployments.ensureImplicit(version, {
    hardwareSku: sku,
    minInstances: 0,
    maxInstances: planned.maxInstances,
    keepAlive: { kind: 'fixed', ms: planned.keepAliveMs },
  });
}
