import { join } from 'node:path';
import Replicate from 'replicate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

interface Instance {
  readonly id: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}
interface Status {
  readonly deployment: string;
  readonly release: number;
  readonly rollout: { readonly to: number; readonly from: number[]; readonly detail: string } | null;
  readonly temperature: string;
}
interface Ran {
  readonly version: string;
  readonly status: string;
  readonly tookMs: number;
}

const FAULTY = join(import.meta.dirname, '../../../docker/models/faulty');
/** A boot takes at least this: what is answered sooner did not wait for one. */
const SETUP_SECONDS = 5;
const CALLERS = 2;
const RUN_SECONDS = 0.2;
const APP = '/v1/deployments/hearth/app';

let house: House;
let replicate: Replicate;
const versions = { one: '', two: '', broken: '' };
const ran: Ran[] = [];
const enough = new AbortController();
let callers: Promise<void>[] = [];

beforeAll(async () => {
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: '60s' } });
  replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
  versions.one = await add(`FAULTY_SETUP_SECONDS=${SETUP_SECONDS}`);
  versions.two = await add(`FAULTY_SETUP_SECONDS=${SETUP_SECONDS}.5`);
  // It fails a moment after its schema was read.
  versions.broken = await add('FAULTY_SETUP=fail', 'FAULTY_SETUP_SECONDS=1');
  const scale = { hardware: 'cpu', min_instances: 0, max_instances: CALLERS };
  await replicate.deployments.create({ name: 'app', model: 'hearth/rolled', version: versions.one, ...scale });
}, 300_000);
afterAll(async () => {
  enough.abort();
  await Promise.all(callers);
  await house?.dispose();
});

/** The same folder with another environment is another version. */
async function add(...env: string[]): Promise<string> {
  const added = await house.hearth('models', 'add', FAULTY, 'hearth/rolled', ...env.flatMap((one) => ['--env', one]));
  expect(added, added.stderr).toMatchObject({ code: 0 });
  return added.stdout.trim().split(':').at(-1) ?? '';
}

/** One request after the other, as the official client sends them. */
async function call(): Promise<void> {
  while (!enough.signal.aborted) {
    const startedAt = performance.now();
    const input = { text: 'you', seconds: RUN_SECONDS };
    const created = await replicate.deployments.predictions.create('hearth', 'app', { input, wait: 30 });
    const { version, status } = await replicate.wait(created, { interval: 50 });
    ran.push({ version, status, tookMs: performance.now() - startedAt });
  }
}

const live = async (): Promise<Instance[]> =>
  (await house.get<{ results: Instance[] }>('/v1/instances?deployment=hearth/app')).results;
const statusOf = async (): Promise<Status> => {
  const { deployments } = await house.get<{ deployments: Status[] }>('/v1/status');
  const found = deployments.find(({ deployment }) => deployment === 'hearth/app');
  if (found === undefined) throw new Error('hearth/app is not in /v1/status');
  return found;
};
/** Every instance of the version is up and every other one has gone. */
const onlyOf = (version: string) =>
  eventually(
    `instances of ${version.slice(0, 12)} alone`,
    async () => {
      const instances = await live();
      return instances.length > 0 && instances.every((one) => one.version === version && one.state === 'ready');
    },
    60_000,
  );
const ranOf = (version: string) => ran.filter((one) => one.version === version).length;

/** Nothing that was asked since `from` failed or waited for a boot. */
function expectNoneWaited(from: number): void {
  const since = ran.slice(from);
  expect(since.length).toBeGreaterThan(10);
  expect(new Set(since.map(({ status }) => status))).toEqual(new Set(['succeeded']));
  expect(Math.max(...since.map(({ tookMs }) => tookMs))).toBeLessThan(SETUP_SECONDS * 1_000);
}

it('is warm with its first release', async () => {
  callers = Array.from({ length: CALLERS }, () => call());
  await eventually('both callers to be served', async () => ran.length > 2 * CALLERS, 60_000);
  await eventually(
    'two ready instances',
    async () => {
      const instances = await live();
      return instances.filter(({ state }) => state === 'ready').length === CALLERS;
    },
    60_000,
  );
  expect(ranOf(versions.one)).toBe(ran.length);
});

it('moves to another version under load: none fails, none waits for a boot, the old instances leave', async () => {
  const from = ran.length;
  const changed = await replicate.deployments.update('hearth', 'app', { version: versions.two });
  expect(changed.current_release).toMatchObject({ number: 2, version: versions.two });
  const { rollout } = await eventually('the status to show the rollout', async () => {
    const status = await statusOf();
    return status.rollout && status;
  });
  expect(rollout).toEqual({ to: 2, from: [1], detail: 'Release 2 is coming up; release 1 serves.' });
  expect((await house.hearth('ps')).stdout).toMatch(/hearth\/app .*release 1 serves/i);
  await onlyOf(versions.two);
  const at = ranOf(versions.two);
  await eventually('more of the new version', async () => ranOf(versions.two) > at + 5);
  expectNoneWaited(from);
  expect(await statusOf()).toMatchObject({ release: 2, rollout: null });
});

it('rolls back by one command, in the same way', async () => {
  const from = ran.length;
  const back = await house.hearth('deployments', 'rollback', 'hearth/app');
  expect(back, back.stderr).toMatchObject({ code: 0 });
  expect(back.stdout).toContain('hearth/app: release 3 restores release 1');
  await onlyOf(versions.one);
  expectNoneWaited(from);
  const listed = await house.hearth('deployments', 'releases', 'hearth/app');
  expect(
    listed.stdout
      .split('\n')
      .slice(1, 4)
      .map((line) => line.split(/ {2,}/)[0]),
  ).toEqual(['3 (restores 1)', '2', '1']);
});

it('stays with the old release while the new one does not boot, and says why', async () => {
  const from = ran.length;
  await replicate.deployments.update('hearth', 'app', { version: versions.broken });
  const status = await eventually(
    'the status to say why',
    async () => {
      const seen = await statusOf();
      return seen.rollout?.detail.includes('The last 3 boots failed') && seen;
    },
    60_000,
  );
  expect(status.rollout?.detail).toMatch(/^Release 4 fails to boot: .*setup.*; release 3 serves\.$/);
  expectNoneWaited(from);
  expect(ran.slice(from).every(({ version }) => version === versions.one)).toBe(true);

  const kept = (await live()).filter(({ state }) => state === 'ready').map(({ id }) => id);
  const back = await house.request('POST', `${APP}/rollback`, { release: 3 });
  expect(await back.json()).toMatchObject({ current_release: { number: 5, restores: 3, version: versions.one } });
  await eventually('the rollout to be over', async () => (await statusOf()).rollout === null);
  expect((await live()).filter(({ state }) => state === 'ready').map(({ id }) => id)).toEqual(kept);
});

it('refuses to delete it while it is asked for, and lets it go with its instances afterwards', async () => {
  // Between two calls nobody asks: one that runs until it is canceled does.
  const held = await replicate.deployments.predictions.create('hearth', 'app', {
    input: { text: 'you', seconds: 600 },
  });
  const refused = await house.request('DELETE', APP);
  expect([refused.status, await refused.json()]).toEqual([422, expect.objectContaining({ code: 'deployment-in-use' })]);
  enough.abort();
  await Promise.all(callers);
  await replicate.predictions.cancel(held.id);
  expect(await replicate.wait(held, { interval: 50 })).toMatchObject({ status: 'canceled' });
  expect((await house.request('DELETE', APP)).status).toBe(204);
  await eventually('its instances to go', async () => {
    const { results } = await house.get<{ results: Instance[] }>('/v1/instances');
    return !results.some(({ version }) => version === versions.one);
  });
});
