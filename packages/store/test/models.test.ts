import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore, type DeploymentRow, type Store } from '../src/index.ts';
import { addRunnable, run } from './runnable.ts';
import { addModel, addVersion, newPrediction, openWorld, unique, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe('a list of models', () => {
  /** Within one millisecond the order is random: here nothing happens within one. */
  let store: Store;
  beforeAll(async () => {
    let ticks = systemNow();
    store = await createStore({ url: world.url, now: () => (ticks += 1_000) });
  });
  afterAll(() => store.close());

  test('goes by the newest version, those without one last, and either way', async () => {
    const owner = unique('owner');
    const [first, second, bare] = [
      await addModel(store, owner),
      await addModel(store, owner),
      await addModel(store, owner),
    ];
    await addVersion(store, second.id);
    await addVersion(store, first.id);
    const list = async (query: Partial<Parameters<Store['models']['list']>[0]> = {}) =>
      store.models.list({ accountUsername: owner, limit: 10, ...query });
    expect(ids(await list())).toEqual([first.id, second.id, bare.id]);
    expect(ids(await list({ direction: 'asc' }))).toEqual([bare.id, second.id, first.id]);
    expect(ids(await list({ sortBy: 'model_created_at', direction: 'asc' }))).toEqual([first.id, second.id, bare.id]);
  });

  test.each(['asc', 'desc'] as const)('is paged forth and back, %s', async (direction) => {
    const owner = unique('owner');
    for (let n = 0; n < 5; n++) {
      const model = await addModel(store, owner);
      if (n % 2 === 0) await addVersion(store, model.id);
    }
    const list = (page: Partial<Parameters<Store['models']['list']>[0]>) =>
      store.models.list({ accountUsername: owner, direction, limit: 2, ...page });
    const all = await list({ limit: 10 });
    const second = await list({ before: all[1]?.place });
    expect(ids(second)).toEqual(ids(all.slice(2, 4)));
    expect(ids(await list({ before: second[1]?.place }))).toEqual(ids(all.slice(4)));
    expect(ids(await list({ after: second[0]?.place }))).toEqual(ids(all.slice(0, 2)));
    expect(ids(await list({ after: all[4]?.place }))).toEqual(ids(all.slice(2, 4)));
  });

  test('holds public models and the viewer’s own', async () => {
    const owner = unique('owner');
    const open = await addModel(store, owner);
    const hidden = await addModel(store, owner);
    await store.models.update(hidden.id, { visibility: 'private' });
    const seenBy = async (viewer?: string) =>
      ids(await store.models.list({ accountUsername: owner, limit: 10, viewer })).toSorted();
    expect(await seenBy('stranger')).toEqual([open.id]);
    expect(await seenBy(owner)).toEqual([open.id, hidden.id]);
    expect(await seenBy()).toEqual([open.id, hidden.id]);
    expect(ids(await store.models.byIds([hidden.id, open.id]))).toEqual([hidden.id, open.id]);
    expect(ids(await store.models.byIds([hidden.id, open.id], 'stranger'))).toEqual([open.id]);
  });
});

test('an update changes what it names, and null takes away', async () => {
  const { id, owner, name } = await addModel(store);
  const change = { description: 'A cat', readme: '# Cats', weightsUrl: 'https://w.example/1' };
  expect(await store.models.update(id, change)).toMatchObject({
    description: 'A cat',
    weightsUrl: 'https://w.example/1',
    visibility: 'public',
  });
  expect(await store.models.readme(id)).toBe('# Cats');
  expect(await store.models.update(id, { readme: null })).toMatchObject({ description: 'A cat' });
  expect(await store.models.readme(id)).toBeNull();
  expect(await store.models.update(id, {})).toEqual(await store.models.byName(owner, name));
  expect(await store.models.update('nothing', { description: '' })).toBeNull();
});

describe('runs', () => {
  /** A thousand of them, as one that looks in `from` on finds them. */
  const runs = (deployment: DeploymentRow, from: number) =>
    Promise.all(
      Array.from({ length: 1_000 }, (_, n) =>
        store.predictions.insert(newPrediction(deployment, { id: newId(from + n), createdAt: from + n })),
      ),
    );

  test('are counted once and written down, and what comes later is added', async () => {
    const begin = systemNow();
    let now = begin;
    const later = await createStore({ url: world.url, now: () => now });
    const { model, deployment } = await addRunnable(store);
    const count = async () => (await later.models.describe(model.owner, model.name))?.runCount;
    await runs(deployment, begin + 1_000);
    expect(await count()).toBe(1_000);
    now = begin + 600_000;
    expect(await Promise.all([count(), count(), count()])).toEqual([1_000, 1_000, 1_000]);
    await runs(deployment, now);
    expect(await count()).toBe(2_000);
    // What was written down is not looked at again.
    await store.predictions.insert(newPrediction(deployment, { id: newId(begin + 1_500), createdAt: begin }));
    expect(await count()).toBe(2_000);
    // One whose clock is behind takes nothing back.
    now = begin + 60_000;
    expect([await count(), await count()]).toEqual([2_000, 2_000]);
    now = begin + 1_200_000;
    expect([await count(), await count()]).toEqual([2_000, 2_000]);
    await later.close();
  });

  test('of a removed model are not those of the next one of its name', async () => {
    const { model, version, deployment } = await addRunnable(store);
    await run(store, deployment);
    await store.models.update(model.id, { visibility: 'private' });
    expect(await store.models.removeVersion(version.id)).toBe('removed');
    expect(await store.models.remove(model.id)).toBe('removed');
    const { id: _id, createdAt: _createdAt, ...again } = model;
    expect(await store.models.insert(again)).not.toBe('taken');
    expect(await store.models.describe(model.owner, model.name)).toMatchObject({ runCount: 0, visibility: 'public' });
  });
});

describe('examples', () => {
  test('are shown last pinned first, and the first of them is the default until another is chosen', async () => {
    const { model, deployment } = await addRunnable(store);
    const [first, second, third] = [
      await run(store, deployment),
      await run(store, deployment),
      await run(store, deployment),
    ];
    const shown = async () => (await store.models.describe(model.owner, model.name))?.defaultExample?.id ?? null;
    expect(await shown()).toBeNull();
    for (const { id } of [first, second, third, second]) await store.examples.pin(model.id, id);
    expect(ids(await store.examples.list(model.id, { limit: 10 }))).toEqual(ids([third, second, first]));
    expect(ids(await store.examples.list(model.id, { limit: 1, before: third.id }))).toEqual([second.id]);
    expect(ids(await store.examples.list(model.id, { limit: 1, after: first.id }))).toEqual([second.id]);
    expect(await shown()).toBe(first.id);
    await store.examples.pin(model.id, third.id, { isDefault: true });
    await store.examples.pin(model.id, second.id, { isDefault: true });
    expect(await shown()).toBe(second.id);
    await store.examples.clearDefault(model.id);
    expect(await shown()).toBe(first.id);
    expect(await store.examples.unpin(model.id, first.id)).toBe(true);
    expect(await store.examples.unpin(model.id, first.id)).toBe(false);
    expect(await shown()).toBe(second.id);
  });

  test('have one default, whoever chooses at once', async () => {
    const { model, deployment } = await addRunnable(store);
    const rows = [await run(store, deployment), await run(store, deployment), await run(store, deployment)];
    await Promise.all(rows.map(({ id }) => store.examples.pin(model.id, id, { isDefault: true })));
    const chosen = await store.models.describe(model.owner, model.name);
    expect(ids(rows)).toContain(chosen?.defaultExample?.id);
  });
});

describe('search', () => {
  const owner = unique('finder');
  const find = async (text: string, viewer?: string) =>
    (await store.models.search({ text, viewer, limit: 10 })).map(({ name }) => name);
  beforeAll(async () => {
    const models = [
      ['sdxl-turbo', 'Draws pictures of cats quickly', null],
      ['sdxl', 'Draws pictures', 'Trained for many days on drawings of horses.'],
      ['llama3.1_quant', 'Writes text', null],
      ['secret-cat', 'Nobody knows', null],
    ] as const;
    for (const [name, description, readme] of models) {
      const links = { githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
      const visibility = name.startsWith('secret') ? ('private' as const) : ('public' as const);
      const made = await store.models.insert({ owner, name, description, visibility, hardwareSku: 'cpu', ...links });
      if (made !== 'taken' && readme !== null) await store.models.update(made.id, { readme });
    }
  });

  test.each([
    ['sdxl', ['sdxl', 'sdxl-turbo']],
    ['sdxl-turbo', ['sdxl-turbo']],
    ['SD', ['sdxl', 'sdxl-turbo']],
    ['turb', ['sdxl-turbo']],
    ['drawing horse', ['sdxl']],
    ['picture cat', ['sdxl-turbo']],
    ['quant', ['llama3.1_quant']],
    [`${owner}/llama`, ['llama3.1_quant']],
    ['zebra', []],
    ['!!! & | ( :*', []],
    ["it's", []],
  ])('%s', async (text, names) => {
    const found = await find(text, 'stranger');
    expect(found.toSorted()).toEqual(names.toSorted());
    expect(found[0]).toBe(names[0]);
  });

  test('never shows a stranger what is private', async () => {
    expect(await find('secret-cat', 'stranger')).toEqual([]);
    expect(await find('secret-cat', owner)).toEqual(['secret-cat']);
    expect(await find('secret-cat')).toEqual(['secret-cat']);
  });
});

test('collections hold models in their order, and are put, replaced and removed', async () => {
  const [a, b] = [await addModel(store), await addModel(store)];
  const slug = unique('animals');
  const put = { slug, name: 'Animals', description: 'Cats and dogs', fullDescription: null };
  const made = await store.collections.put({ ...put, modelIds: [b.id, a.id] });
  expect(await store.collections.bySlug(slug)).toEqual(made);
  expect(ids(await store.collections.models(made.id))).toEqual([b.id, a.id]);
  await store.models.update(b.id, { visibility: 'private' });
  expect(ids(await store.collections.models(made.id, 'stranger'))).toEqual([a.id]);
  expect(await store.collections.slugsOf([a.id, 'nothing'])).toEqual(new Map([[a.id, [slug]]]));
  expect(ids(await store.collections.search('CATS', 10))).toEqual([made.id]);
  expect(await store.collections.search('%', 10)).toEqual([]);
  const again = await store.collections.put({ ...put, name: 'Beasts', fullDescription: 'All', modelIds: [] });
  expect(again).toEqual({ ...made, name: 'Beasts', fullDescription: 'All' });
  expect(await store.collections.models(made.id)).toEqual([]);
  expect(ids(await store.collections.list({ limit: 10 }))).toContain(made.id);
  expect(await store.collections.remove(slug)).toBe(true);
  expect(await store.collections.remove(slug)).toBe(false);
  expect(await store.collections.bySlug(slug)).toBeNull();
});
