import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FileRow, type Store, VersionElsewhere } from '../src/index.ts';
import { addModel, addVersion, hex64, newPrediction, openWorld, SCALE, unique, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe('accounts', () => {
  test('one account per username, whoever makes it', async () => {
    const username = unique('user');
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, n) => store.accounts.ensure({ type: 'user', username, name: `Name ${n}` })),
    );
    expect(new Set(ids(made)).size).toBe(1);
    expect(await store.accounts.byUsername(username)).toEqual(made[0]);
    expect(await store.accounts.byUsername('nobody')).toBeNull();
  });

  test('a token is found by its hash until it is removed', async () => {
    const account = await store.accounts.ensure({ type: 'organization', username: unique('org'), name: 'Org' });
    const hash = hex64();
    expect(await store.accounts.hasOperatorToken()).toBe(false);
    const token = await store.accounts.addToken({
      accountId: account.id,
      name: 'ci',
      scope: 'admin',
      operator: true,
      hash,
      hint: 'wxyz',
    });
    expect(token).not.toHaveProperty('hash');
    expect(await store.accounts.hasOperatorToken()).toBe(true);
    expect(await store.accounts.byTokenHash(hash)).toEqual({ account, token });
    expect(await store.accounts.tokens(account.id)).toEqual([token]);
    expect(await store.accounts.removeToken(token.id)).toBe(true);
    expect(await store.accounts.removeToken(token.id)).toBe(false);
    expect(await store.accounts.byTokenHash(hash)).toBeNull();
  });

  test('a token in clear is refused', async () => {
    const account = await store.accounts.ensure({ type: 'user', username: unique('user'), name: '' });
    const token = { accountId: account.id, name: '', scope: 'run' as const, hash: 'hth_in_clear', hint: 'lear' };
    await expect(store.accounts.addToken(token)).rejects.toThrow(/tokens_hash_check/);
  });
});

describe('models', () => {
  test('a name is taken once', async () => {
    const { id, createdAt, ...model } = await addModel(store);
    expect(await store.models.insert(model)).toBe('taken');
    expect(await store.models.byName(model.owner, model.name)).toEqual({ id, createdAt, ...model });
    expect(await store.models.byName(model.owner, 'another')).toBeNull();
  });

  test('describe counts its runs and knows its newest version', async () => {
    const version = await addVersion(store);
    const { owner, name } = version;
    expect(await store.models.describe(owner, name)).toMatchObject({ runCount: 0, latestVersion: version });
    const deployment = await store.deployments.ensureImplicit(version, SCALE);
    for (let n = 0; n < 3; n++) await store.predictions.insert(newPrediction(deployment));
    const newer = await addVersion(store, version.modelId);
    expect(await store.models.describe(owner, name)).toMatchObject({ runCount: 3, latestVersion: newer });
    expect(await store.models.latestVersion(owner, name)).toEqual(newer);
    expect(await store.models.describe(owner, 'another')).toBeNull();
  });

  test('a model without a version says so', async () => {
    const model = await addModel(store);
    expect(await store.models.describe(model.owner, model.name)).toEqual({
      ...model,
      runCount: 0,
      latestVersion: null,
      defaultExample: null,
      typicalRun: null,
    });
    expect(await store.models.latestVersion(model.owner, model.name)).toBeNull();
  });

  test('lists an owner’s models in pages', async () => {
    const owner = unique('owner');
    for (let n = 0; n < 3; n++) await addModel(store, owner);
    const all = await store.models.list({ accountUsername: owner, limit: 10 });
    expect(ids(all)).toEqual(ids(all).toSorted().toReversed());
    expect(all).toHaveLength(3);
    const rest = await store.models.list({ accountUsername: owner, limit: 10, before: all[0]?.place });
    expect(ids(rest)).toEqual(ids(all.slice(1)));
    expect((await store.models.list({ limit: 100 })).length).toBeGreaterThan(3);
  });
});

describe('versions', () => {
  test('the same version of the same model is the one that stands', async () => {
    const version = await addVersion(store);
    const again = await store.models.insertVersion({ ...version, slots: 9 });
    expect(again).toEqual(version);
    expect(await store.models.version(version.id)).toEqual(version);
    expect(await store.models.version(hex64())).toBeNull();
  });

  test('belongs to one model', async () => {
    const version = await addVersion(store);
    const other = await addModel(store);
    const stolen = store.models.insertVersion({ ...version, modelId: other.id });
    await expect(stolen).rejects.toThrow(VersionElsewhere);
    await expect(stolen).rejects.toThrow(`belongs to ${version.owner}/${version.name} already`);
  });

  test('pages go by age, not by digest', async () => {
    const model = await addModel(store);
    const made: string[] = [];
    for (let n = 0; n < 4; n++) made.unshift((await addVersion(store, model.id)).id);
    const first = await store.models.versions(model.id, { limit: 3 });
    expect(ids(first)).toEqual(made.slice(0, 3));
    expect(ids(await store.models.versions(model.id, { limit: 3, before: first[2]?.id }))).toEqual(made.slice(3));
  });
});

test('an import is answered once', async () => {
  const model = await addModel(store);
  const source = { kind: 'path' as const, path: '/srv/model', command: ['node', 'main.ts'], env: { A: '1' } };
  const asked = await store.imports.request({ modelId: model.id, source });
  expect(asked).toMatchObject({ state: 'requested', source, result: null, error: null });
  expect(await store.imports.pending()).toEqual([asked]);
  const result = { versionId: hex64(), source, openapiSchema: {}, cogVersion: 'none', slots: 2 };
  const answers = await Promise.all([
    store.imports.answer(asked.id, { result }),
    store.imports.answer(asked.id, { error: 'no such folder' }),
  ]);
  expect(answers.filter(Boolean)).toHaveLength(1);
  expect(await store.imports.pending()).toEqual([]);
  const answered = await store.imports.get(asked.id);
  expect(answered?.state === 'done' ? answered.result : answered?.error).toEqual(
    answers[0] ? result : 'no such folder',
  );
  expect(await store.imports.get(newId(0))).toBeNull();
});

describe('files', () => {
  const file = (change: Partial<FileRow>): FileRow => ({
    id: newId(systemNow()),
    accountId: null,
    kind: 'upload',
    predictionId: null,
    name: 'page.png',
    contentType: 'image/png',
    sizeBytes: 5_000_000_000,
    md5: hex64().slice(32),
    sha256: hex64(),
    metadata: { z: 1, a: [2] },
    createdAt: systemNow(),
    expiresAt: null,
    ...change,
  });

  test('come back as they went in, and can be removed', async () => {
    const row = file({ expiresAt: 1_700_000_000_001 });
    expect(await store.files.insert(row)).toEqual(row);
    expect(await store.files.get(row.id)).toEqual(row);
    expect(await store.files.remove(row.id)).toBe(true);
    expect(await store.files.remove(row.id)).toBe(false);
    expect(await store.files.get(row.id)).toBeNull();
  });

  test('the list holds an account’s uploads, newest first', async () => {
    const { id: accountId } = await store.accounts.ensure({ type: 'user', username: unique('user'), name: '' });
    const [older, newer] = [file({ accountId, id: newId(1) }), file({ accountId, id: newId(2) })];
    for (const row of [older, newer, file({ accountId, kind: 'output' }), file({})]) await store.files.insert(row);
    expect(await store.files.list({ accountId, limit: 10, now: 0 })).toEqual([newer, older]);
    expect(await store.files.list({ accountId, limit: 10, now: 0, before: newer.id })).toEqual([older]);
  });
});

test('a setting keeps its first value, whoever makes it', async () => {
  const values = await Promise.all(
    Array.from({ length: 8 }, (_, n) => store.settings.ensure('signing-secret', () => `secret ${n}`)),
  );
  expect(new Set(values).size).toBe(1);
  expect(await store.settings.ensure('signing-secret', () => 'another')).toBe(values[0]);
  expect(await store.settings.ensure('installation', () => 'here')).toBe('here');
});

test('hosts and hardware are put, and put again', async () => {
  const host = {
    id: 'here',
    name: 'box',
    runtimes: ['process' as const],
    memoryMiB: 64_000,
    devices: [{ id: 'GPU-1', name: 'L4', vramMiB: 23_034 }],
    runtimeNotes: { docker: 'no engine answers' },
    lastSeenAt: 1_700_000_000_123,
  };
  await store.hosts.upsert(host);
  await store.hosts.upsert({ ...host, memoryMiB: 32_000 });
  expect(await store.hosts.list()).toMatchObject([{ ...host, memoryMiB: 32_000, cordoned: false, connection: null }]);
  const share = { gpuShareMiB: 8_000, gpuType: 'A100', labels: { zone: 'a' }, fallback: ['gpu'] };
  const cpu = {
    ...share,
    sku: 'cpu',
    name: 'CPU',
    gpus: 0,
    vramMiB: 0,
    cpus: 0.5,
    memoryMiB: 2048,
    priceMicrosPerSecond: 100,
  };
  await store.hosts.putHardware(cpu);
  await store.hosts.putHardware({ ...cpu, priceMicrosPerSecond: 3_000_000_000 });
  expect(await store.hosts.hardware()).toEqual([{ ...cpu, priceMicrosPerSecond: 3_000_000_000 }]);
});
