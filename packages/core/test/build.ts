import {
  type Demand,
  type Deployment,
  type Device,
  type Failure,
  type Host,
  type Instance,
  type Need,
  type ScalePolicy,
  UNMEASURED,
} from '../src/index.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;

export const device = (id: string, vramMiB = 24_000): Device => ({ id, name: `GPU ${id}`, vramMiB });

export const host = (over: Partial<Host> = {}): Host => ({
  id: 'h1',
  runtimes: ['docker'],
  cordoned: false,
  draining: false,
  lost: false,
  labels: {},
  images: [],
  memoryMiB: 24_000,
  cpus: null,
  devices: [],
  ...over,
});

export const need = (over: Partial<Need> = {}): Need => ({
  runtime: 'docker',
  memoryMiB: 8_000,
  cpus: 0,
  gpus: 0,
  gpuShareMiB: 0,
  vramMiB: 0,
  gpuType: null,
  labels: {},
  image: null,
  ...over,
});

export const instance = (over: Partial<Instance> = {}): Instance => ({
  id: 'i1',
  deploymentId: 'd1',
  versionId: 'v1',
  hardwareSku: 'cpu',
  hostId: 'h1',
  deviceIds: [],
  gpuShareMiB: 0,
  runtime: 'docker',
  memoryMiB: 8_000,
  cpus: 0,
  state: 'ready',
  since: 0,
  inFlight: 0,
  intakeClosed: false,
  lastUsedAt: null,
  unhealthy: null,
  ...over,
});

export const policy = (over: Partial<ScalePolicy> = {}): ScalePolicy => ({
  minInstances: 0,
  maxInstances: 3,
  slotsPerInstance: 1,
  keepAlive: { kind: 'fixed', ms: 5 * MINUTE },
  ...over,
});

export const demand = (over: Partial<Demand> = {}): Demand => ({
  waiting: 0,
  inFlight: 0,
  oldestWaitingAt: null,
  ...over,
});

export const waiting = (count: number, at = 0): Demand => demand({ waiting: count, oldestWaitingAt: at });

export const deployment = (over: Partial<Deployment> = {}): Deployment => ({
  id: 'd1',
  versionId: 'v1',
  hardwareSku: 'cpu',
  need: need(),
  policy: policy(),
  demand: demand(),
  measures: UNMEASURED,
  history: null,
  use: null,
  backoff: null,
  ...over,
});

export const failure = (over: Partial<Failure> = {}): Failure => ({
  kind: 'setup_error',
  phase: 'setup',
  message: 'setup() raised ValueError: no weights',
  logTail: 'Traceback\nValueError: no weights\n',
  exitCode: 1,
  at: 100_000,
  ...over,
});
