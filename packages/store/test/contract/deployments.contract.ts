import { newId, systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import { type DeploymentRow, type DeploymentStatusRow, type Store, VersionGone } from '../../src/index.ts';
import {
  addDeployment,
  addInstance,
  addVersion,
  crashLoop,
  hex64,
  newPrediction,
  SCALE,
  unique,
  usageOf,
} from '../world.ts';
import { type OpenStore, onItsOwnStore, Requests } from './under-test.ts';

/** Models, versions and deployments as the rooms need them, and what the scheduler says of deployments. */
export function deploymentsContract(open: OpenStore): void {
  let store: Store;
  const at = systemNow();
  onItsOwnStore(open, (world) => {
    store = world.store;
  });

  const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);
  const statusOf = (deployment: DeploymentRow, change: Partial<DeploymentStatusRow> = {}) =>
    crashLoop(deployment, at, change);

  test('of many made with one name, one stands', async () => {
    const version = await addVersion(store);
    const row = { ...SCALE, owner: 'acme', name: unique('app'), modelId: version.modelId, versionId: version.id };
    const made = await Promise.all(Array.from({ length: 6 }, () => store.deployments.insert(row)));
    const stands = made.filter((answer) => answer !== 'taken');
    const model = `${version.owner}/${version.name}`;
    const born = { implicit: false, mode: 'predict', model, release: 1, releasedBy: 'acme' };
    expect(stands).toEqual([expect.objectContaining({ ...row, ...born })]);
    expect(await store.deployments.get(stands[0]?.id ?? '')).toEqual(stands[0]);
    expect(await store.deployments.get(newId(at))).toBeNull();
    expect(await store.deployments.insert({ ...row, name: unique('app'), by: 'ada' })).toMatchObject({
      releasedBy: 'ada',
    });
  });

  test('a version has one implicit deployment of a mode, whoever asks first', async () => {
    const version = await addVersion(store);
    const seen = await Promise.all(
      Array.from({ length: 8 }, () => store.deployments.ensureImplicit(version, { ...SCALE, maxInstances: 2 })),
    );
    expect(new Set(ids(seen)).size).toBe(1);
    expect(seen[0]).toMatchObject({ implicit: true, owner: version.owner, name: version.name, versionId: version.id });
    expect(await store.deployments.ensureImplicit(version, SCALE)).toEqual(seen[0]);
    const trains = await store.deployments.ensureImplicit(version, SCALE, 'train');
    expect([trains.mode, trains.id === seen[0]?.id]).toEqual(['train', false]);
  });

  test('an explicit one may have the name of a model', async () => {
    const version = await addVersion(store);
    await store.deployments.ensureImplicit(version, SCALE);
    const { owner, name, modelId, id: versionId } = version;
    expect(await store.deployments.insert({ ...SCALE, owner, name, modelId, versionId })).toMatchObject({
      implicit: false,
    });
  });

  test('needs a version that there is', async () => {
    const { owner, name, modelId, id } = await addVersion(store);
    const gone = hex64('gone');
    await expect(store.deployments.insert({ ...SCALE, owner, name, modelId, versionId: gone })).rejects.toThrow(
      VersionGone,
    );
    expect(await store.models.version(gone)).toBeNull();
    expect(await store.models.version(id)).toMatchObject({ id, owner, name, slots: 1 });
  });

  test('status is written over, and read as written', async () => {
    const [one, two] = [await addDeployment(store), await addDeployment(store)];
    expect(await store.deployments.status(one.id)).toBeNull();
    await store.deployments.setStatus([]);
    await store.deployments.setStatus([statusOf(one), statusOf(two)]);
    const clear = { blockedReason: null, blockedDetail: null, failure: null, consecutiveFailures: 0, retryAt: null };
    await store.deployments.setStatus([statusOf(one, clear)]);
    expect(await store.deployments.status(one.id)).toEqual(statusOf(one, clear));
    expect(await store.deployments.status(two.id)).toEqual(statusOf(two));
  });

  test('failing names those with predictions that waited when the boots failed', async () => {
    const deployment = await addDeployment(store);
    const failure = { kind: 'setup_error', phase: 'setup', message: 'no weights', logTail: '', exitCode: 1 } as const;
    const status = statusOf(deployment, {
      failWaitingUntil: at + 10,
      failure: { ...failure, at: deployment.releasedAt },
    });
    await store.deployments.setStatus([status]);
    expect(await store.deployments.failing()).toEqual([]);
    await store.predictions.insert(newPrediction(deployment, { createdAt: at + 10 }));
    expect(await store.deployments.failing()).toEqual([]);
    const { id } = await store.predictions.insert(newPrediction(deployment, { createdAt: at + 9 }));
    expect(await store.deployments.failing()).toEqual([status]);
    const older = { ...status, failure: { ...failure, at: deployment.releasedAt - 1 } };
    await store.deployments.setStatus([older]);
    expect(await store.deployments.failing(), 'a failure of an earlier release').toEqual([]);
    await store.deployments.setStatus([status]);
    await store.predictions.finish(id, null, { status: 'failed', completedAt: at }, null);
    expect(await store.deployments.failing()).toEqual([]);
  });

  describe('recentWork', () => {
    const LONG_AGO = Date.UTC(2026, 0, 2, 12);
    const ran = async (
      deployment: DeploymentRow,
      when: number,
      runMs: number,
      change: Parameters<typeof usageOf>[2],
    ) => {
      const requests = new Requests(store, deployment, when);
      const row = await requests.running({ id: newId(when), createdAt: when });
      const bill = usageOf(row, deployment, { at: when, predictMicroseconds: runMs * 1_000, ...change });
      await store.predictions.finish(row.id, 1, { status: bill.status, completedAt: when }, bill);
    };
    const booted = async (deployment: DeploymentRow, when: number, bootMs: number): Promise<void> => {
      const { id } = await addInstance(store, deployment, when);
      await store.instances.move(id, 'booting', 'booted', { at: when + bootMs });
    };

    test('is the newest runs and boots of each deployment, of what it is now', async () => {
      const [busy, quiet] = [await addDeployment(store), await addDeployment(store)];
      for (const n of [1, 2, 3]) await ran(busy, LONG_AGO + n, n * 100, {});
      await ran(busy, LONG_AGO + 4, 400, { status: 'failed' });
      await ran(busy, LONG_AGO + 5, 500, { versionId: hex64('another') });
      await booted(busy, LONG_AGO, 5_000);
      await addInstance(store, busy, LONG_AGO + 1);
      const work = await store.deployments.recentWork([quiet.id, busy.id, 'unknown'], { runs: 4, boots: 2 });
      // What is left out of the newest four counts among them.
      const runs = [
        { runMs: 300, at: LONG_AGO + 3 },
        { runMs: 200, at: LONG_AGO + 2 },
      ];
      expect(new Map(work.map((one) => [one.deploymentId, one]))).toEqual(
        new Map([
          [quiet.id, { deploymentId: quiet.id, runs: [], boots: [] }],
          [busy.id, { deploymentId: busy.id, runs, boots: [{ place: LONG_AGO, ready: LONG_AGO + 5_000 }] }],
        ]),
      );
      expect(work).toEqual(work.toSorted((a, b) => (a.deploymentId < b.deploymentId ? -1 : 1)));
      expect(await store.deployments.recentWork([], { runs: 4, boots: 2 })).toEqual([]);
    });
  });
}
