import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '@hearth/kit';
import Docker from 'dockerode';
import { eventually, type House, startHouse } from '../src/house.ts';
import { MOMENTS_FOLDER, MOMENTS_IMAGE } from './boot-image.ts';
import { type Moments, momentsOf, type Told } from './boot-phases.ts';
import { predictDirectly, spawnModel, untilReady } from './hand.ts';

export type RuntimeName = 'process' | 'docker';

/** One cold prediction: how long it took, what it was made of where that is known, and what it leaves, which is not timed. */
export interface ColdRun {
  readonly wallMs: number;
  readonly moments: Moments | null;
  readonly cleanup: () => Promise<void>;
}

/** One way to cold predictions, numbered, so that several can be made at once. */
export interface BootArm {
  run(number: number): Promise<ColdRun>;
  end(): Promise<void>;
}

const MODEL = 'hearth/moments';
/** Enough for a Node server that does nothing, and little enough for 16 of them on a laptop. */
const SKU = { sku: 'bench', name: 'Bench', gpus: 0, cpus: 0, memory_mib: 192, price_micros_per_second: 1 };

/** A house whose deployments keep nothing warm, one for each boot that is made at once. */
export async function platformArm(
  runtime: RuntimeName,
  transport: 'redis' | 'postgres',
  most: number,
  env: Record<string, string> = {},
): Promise<BootArm> {
  const house = await startHouse({ runtime, transport, env: { LOG_LEVEL: 'warn', ...env } });
  try {
    await prepare(house, runtime, most);
  } catch (error) {
    await house.dispose();
    throw error;
  }
  return { run: (number) => predictCold(house, `cold-${number}`), end: () => house.dispose() };
}

async function prepare(house: House, runtime: RuntimeName, most: number): Promise<void> {
  const source =
    runtime === 'docker'
      ? [MOMENTS_IMAGE, MODEL]
      : [MOMENTS_FOLDER, MODEL, '--command', `${process.execPath} src/main.ts`];
  const added = await house.hearth('models', 'add', ...source);
  if (added.code !== 0) throw new Error(`${MODEL} was not added: ${added.stderr}`);
  await made(house, '/v1/hardware', SKU);
  const { latest_version: version } = await house.get<{ latest_version: { id: string } }>(`/v1/models/${MODEL}`);
  const rest = { model: MODEL, version: version.id, hardware: SKU.sku, min_instances: 0, max_instances: 1 };
  for (let number = 0; number < most; number++)
    await made(house, '/v1/deployments', { name: `cold-${number}`, keep_alive: '0s', ...rest });
}

async function made(house: House, path: string, body: unknown): Promise<void> {
  const response = await house.request('POST', path, body);
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
}

async function predictCold(house: House, name: string): Promise<ColdRun> {
  const from = performance.now();
  const asked = Date.now();
  const path = `/v1/deployments/hearth/${name}/predictions`;
  const response = await house.request('POST', path, { input: {} }, { prefer: 'wait' });
  const prediction = (await response.json()) as Told['prediction'] & { status: string; error: string | null };
  const wallMs = performance.now() - from;
  const answered = Date.now();
  if (prediction.status !== 'succeeded')
    throw new Error(`the platform answered ${response.status} ${prediction.status} ${prediction.error ?? ''}`);
  const { results } = await house.get<{ results: Told['instance'][] }>(
    `/v1/instances?all=true&deployment=hearth/${name}`,
  );
  const [instance] = results;
  if (instance === undefined) throw new Error(`hearth/${name} has no instance`);
  return { wallMs, moments: momentsOf({ asked, answered, prediction, instance }), cleanup: () => untilCold(house) };
}

async function untilCold(house: House): Promise<void> {
  await eventually('every instance to be gone', async () => {
    const { results } = await house.get<{ results: unknown[] }>('/v1/instances');
    return results.length === 0;
  });
}

/** By hand: boot the server, probe it, post the prediction. */
async function byHand(
  start: () => Promise<{ url: string; end: () => Promise<void> }>,
  everyMs: number,
): Promise<ColdRun> {
  const from = performance.now();
  const { url, end } = await start();
  await untilReady(url, everyMs);
  await predictDirectly(url, {});
  return { wallMs: performance.now() - from, moments: null, cleanup: end };
}

/** `node main.ts`, probed every 10 ms. */
export const spawnArm = (): BootArm => ({
  run: () => byHand(() => spawnModel(MOMENTS_FOLDER, {}, 'src/main.ts'), 10),
  async end() {},
});

/** `docker run -d -p` as one types it, probed every 100 ms. */
export function dockerRunArm(): BootArm {
  const docker = promisify(execFile);
  const start = async () => {
    const port = await freePort();
    const args = ['run', '-d', '--init', '-p', `127.0.0.1:${port}:5000`, '-e', 'PORT=5000', MOMENTS_IMAGE];
    const { stdout } = await docker('docker', args);
    const end = async (): Promise<void> => {
      await docker('docker', ['rm', '-f', stdout.trim()]);
    };
    return { url: `http://127.0.0.1:${port}`, end };
  };
  return { run: () => byHand(start, 100), async end() {} };
}

/** The engine's own API over a kept connection, probed every 10 ms: as fast as it gets without a platform. */
export function engineArm(): BootArm {
  const docker = new Docker();
  const start = async () => {
    const port = await freePort();
    const container = await docker.createContainer({
      Image: MOMENTS_IMAGE,
      Env: ['PORT=5000'],
      ExposedPorts: { '5000/tcp': {} },
      HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] }, Init: true },
    });
    await container.start();
    return { url: `http://127.0.0.1:${port}`, end: () => container.remove({ force: true }) };
  };
  return { run: () => byHand(start, 10), async end() {} };
}

export async function engineAnswers(): Promise<boolean> {
  try {
    await new Docker().ping();
    return true;
  } catch {
    return false; // No engine: the table says so.
  }
}
