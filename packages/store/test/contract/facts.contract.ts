import { NO_POOLED_GAPS, NO_USE } from '@hearth/core';
import { newId, systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import type { FileRow, HostSettings, Store } from '../../src/index.ts';
import { addDeployment, HISTORY, hex64, unique } from '../world.ts';
import { type OpenStore, onItsOwnStore } from './under-test.ts';

const HARDWARE = {
  sku: 'cpu',
  name: 'CPU',
  gpus: 0,
  vramMiB: 0,
  cpus: 0.5,
  memoryMiB: 2048,
  gpuShareMiB: 0,
  gpuType: null,
  labels: { zone: 'a' },
  fallback: ['gpu'],
  priceMicrosPerSecond: 100,
};
const FAR: HostSettings = {
  name: 'far',
  labels: { zone: 'b' },
  connection: {
    url: 'tcp://far:2375',
    tls: null,
    ssh: { identity: null, knownHosts: null },
    address: null,
    bindAddress: null,
    callbackHost: null,
  },
  declared: { devices: null, memoryMiB: 20_000, cpus: null },
  cordoned: false,
  draining: false,
};

/** What is rather kept than decided by: hosts, hardware, what was learned of use, files, settings and accounts. */
export function factsContract(open: OpenStore): void {
  let store: Store;
  const at = systemNow();
  onItsOwnStore(open, (world) => {
    store = world.store;
  });

  describe('hosts', () => {
    test('this machine is put, and what is not said again stays', async () => {
      const found = { runtimes: ['process' as const], memoryMiB: 64_000, lastSeenAt: 1_700_000_000_123 };
      const unsaid = { labels: {}, connection: null, cordoned: false, draining: false, checks: [], checkedAt: null };
      const unfound = { devices: [], runtimeNotes: {}, engineVersion: null, lostAt: null, callbackHost: null };
      await store.hosts.upsert({ id: 'here', name: 'box', ...found });
      const declared = { devices: null, memoryMiB: null, cpus: null };
      expect(await store.hosts.get('here')).toEqual({
        id: 'here',
        name: 'box',
        ...found,
        ...unsaid,
        ...unfound,
        declared,
        lostWhy: null,
        checkAskedAt: null,
        createdAt: expect.any(Number),
      });
      await store.hosts.change('here', { cordoned: true });
      await store.hosts.upsert({ id: 'here', name: 'box', memoryMiB: 32_000 });
      expect(await store.hosts.list()).toMatchObject([{ ...found, memoryMiB: 32_000, cordoned: true }]);
    });

    test('another is added once, found and checked; its settings stay the operator’s', async () => {
      const added = await store.hosts.add('far', FAR, at);
      expect(added).toMatchObject({ ...FAR, id: 'far', createdAt: at, checkAskedAt: at, lastSeenAt: null });
      expect(await store.hosts.add('far', { ...FAR, name: 'other' }, at)).toBe('taken');
      await store.hosts.found('far', { memoryMiB: 5, lostAt: at, lostWhy: 'it is silent' });
      const checks = [{ name: 'engine' as const, status: 'ok' as const, detail: 'It answers.', remedy: null }];
      await store.hosts.checked('far', checks, at + 1);
      const found = { memoryMiB: 5, lostAt: at, lostWhy: 'it is silent', checks, checkedAt: at + 1 };
      expect(await store.hosts.get('far')).toEqual({ ...(added === 'taken' ? {} : added), ...found });
      expect(await store.hosts.change('far', { draining: true })).toMatchObject({ ...found, draining: true });
      await store.hosts.found('unknown', { memoryMiB: 5 });
      expect([await store.hosts.get('unknown'), await store.hosts.change('unknown', { draining: true })]).toEqual([
        null,
        null,
      ]);
    });

    test('hardware is put with its price, which holds from ever on', async () => {
      await store.hosts.putHardware({ ...HARDWARE, name: 'processor' });
      await store.hosts.putHardware(HARDWARE);
      await store.hosts.putHardware({ ...HARDWARE, sku: 'b' });
      expect(await store.hosts.hardware()).toEqual([{ ...HARDWARE, sku: 'b' }, HARDWARE]);
      const prices = await store.hosts.prices();
      expect(prices.get('cpu')).toMatchObject([{ priceMicrosPerSecond: 100, effectiveFrom: 0 }]);
    });
  });

  test('what was learned of use is kept over what was there before, of deployments that there are', async () => {
    const { uses } = store;
    expect(await uses.load()).toEqual({ rows: [], pooled: null });
    const [one, other] = [await addDeployment(store), await addDeployment(store)];
    await uses.save([{ deploymentId: one.id, history: NO_USE, expects: false }], NO_POOLED_GAPS);
    const rows = [
      { deploymentId: one.id, history: HISTORY, expects: true },
      { deploymentId: other.id, history: NO_USE, expects: false },
    ];
    const pooled = { counts: [[1], [2, 0, 3], []], lead: { saved: 1.5, squares: 2.25 } };
    await uses.save([...rows, { deploymentId: newId(at), history: NO_USE, expects: true }], pooled);
    await uses.save([], pooled);
    const kept = await uses.load();
    expect(kept.pooled).toEqual(pooled);
    expect(new Map(kept.rows.map((row) => [row.deploymentId, row]))).toEqual(
      new Map(rows.map((row) => [row.deploymentId, row])),
    );
    // It expects a use, so the scheduler looks at it.
    expect((await store.instances.observe()).deployments.map(({ id }) => id)).toEqual([one.id]);
  });

  test('files: outputs that belong to nobody yet are claimed, once', async () => {
    const file = async (kind: FileRow['kind']) =>
      store.files.insert({
        id: newId(at),
        accountId: null,
        kind,
        predictionId: null,
        name: 'out.png',
        contentType: 'image/png',
        sizeBytes: 3,
        md5: '0'.repeat(32),
        sha256: hex64(),
        metadata: {},
        createdAt: at,
        expiresAt: null,
      });
    const [output, upload] = [await file('output'), await file('upload')];
    const username = unique('user');
    const { id: accountId } = await store.accounts.ensure({ type: 'user', username, name: username });
    await store.files.claim([], { id: 'p', accountId });
    await store.files.claim([output.id, upload.id, newId(at)], { id: 'p', accountId });
    await store.files.claim([output.id], { id: 'q', accountId });
    expect(await store.files.get(output.id)).toEqual({ ...output, predictionId: 'p', accountId });
    expect(await store.files.get(upload.id)).toEqual(upload);
    expect(await store.retention.knownFiles(['unknown', output.id])).toEqual([output.id]);
  });

  test('a setting is made once; an account too, and answers what stands', async () => {
    const values = await Promise.all(['a', 'b'].map((value) => store.settings.ensure('key', () => value)));
    expect(values[0]).toBe(values[1]);
    const username = unique('user');
    const account = await store.accounts.ensure({ type: 'user', username, name: 'A', owner: 'Ada' });
    expect(account).toEqual({ id: account.id, type: 'user', username, name: 'A', createdAt: expect.any(Number) });
    expect(await store.accounts.ensure({ type: 'organization', username, name: 'B' })).toEqual(account);
    expect(await store.accounts.setShare(username, { weight: 2 })).toBe(true);
    expect(await store.accounts.setShare(unique('nobody'), { weight: 2 })).toBe(false);
    await expect(store.accounts.setShare(username, { weight: 0 })).rejects.toThrow(/weight/);
  });
}
