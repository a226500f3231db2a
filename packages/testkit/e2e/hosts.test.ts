/** Three machines with a Docker Engine each, reached over TCP, over TLS and over SSH, as three network namespaces. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { WireHost, WireInstance, WirePrediction } from '@hearth/contract';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enginesRing, startEngines, type TestEngine, type TestEngines } from '../src/engines.ts';
import { eventually, type House, startHouse } from '../src/house.ts';

const BUILDER = join(import.meta.dirname, '../../../docker/models/build-image.mjs');
const ONE_SLOT = 'hearth-test/one-slot';
const IMAGE = 'hearth-test/fleet';
/** Of an instance: 20 predictions at once keep three of them busy. */
const SLOTS = 10;
const HOSTS = ['one', 'two', 'three'] as const;
/** That it is within 10 s is held in virtual time; a machine that also runs everything else may be late. */
const LOST_WITHIN_MS = 30_000;

interface Builder {
  readonly buildModelImage: (what: { model: string; tag: string }) => Promise<{ id: string }>;
}

/** The same model, which says that it runs several predictions at once. */
async function withSlots(slots: number): Promise<void> {
  const docker = new Docker();
  const container = await docker.createContainer({ Image: ONE_SLOT });
  await container.commit({ repo: IMAGE, tag: 'latest', changes: `ENV COG_MAX_CONCURRENCY=${slots}` });
  await container.remove();
}

describe.skipIf(!(await enginesRing()))('three machines', () => {
  let fleet: TestEngines;
  let house: House;

  beforeAll(async () => {
    const { buildModelImage }: Builder = await import(pathToFileURL(BUILDER).href);
    await buildModelImage({ model: 'faulty', tag: ONE_SLOT });
    await withSlots(SLOTS);
    fleet = await startEngines(['tcp', 'tls', 'ssh']);
    await Promise.all(HOSTS.map((id) => engineOf(id).load(IMAGE, ...(id === 'three' ? [ONE_SLOT] : []))));
    // Each image on one host: what is elsewhere was needed there.
    const copies = { HEARTH_IMAGE_COPIES: '1' };
    const env = { HEARTH_EXAMPLES: 'false', HEARTH_KEEP_ALIVE: '10m', HEARTH_MAX_INSTANCES: '6', ...copies };
    house = await startHouse({ runtime: 'process', env });
  }, 240_000);
  afterAll(async () => {
    await house?.dispose();
    await fleet?.dispose();
  }, 60_000);

  const engineOf = (host: string): TestEngine => {
    const engine = fleet.engines[HOSTS.findIndex((id) => id === host)];
    if (engine === undefined) throw new Error(`there is no engine ${host}`);
    return engine;
  };
  const hostOf = (id: string) => house.get<WireHost>(`/v1/hosts/${id}`);
  const inState = (id: string, state: WireHost['state'], timeoutMs = LOST_WITHIN_MS) =>
    eventually(`${id} to be ${state}`, async () => (await hostOf(id)).state === state, timeoutMs);
  const instances = async (): Promise<WireInstance[]> =>
    (await house.get<{ results: WireInstance[] }>('/v1/instances?deployment=hearth/fleet')).results;
  const run = async (input: object): Promise<string> => {
    const response = await house.request('POST', '/v1/deployments/hearth/fleet/predictions', { input });
    expect(response.status, await response.clone().text()).toBe(201);
    return ((await response.json()) as WirePrediction).id;
  };
  /** Of the model whose image is on the host three. */
  const runLocal = async (): Promise<string> => {
    const response = await house.request('POST', '/v1/models/hearth/local/predictions', { input: { text: 'here' } });
    expect(response.status, await response.clone().text()).toBe(201);
    return ((await response.json()) as WirePrediction).id;
  };
  const localInstances = async (): Promise<WireInstance[]> => {
    const all = await house.get<{ results: WireInstance[] }>('/v1/instances?all=true');
    return all.results.filter(({ model }) => model === 'hearth/local');
  };
  const prediction = (id: string) => house.get<WirePrediction>(`/v1/predictions/${id}`);
  const allIn = (ids: readonly string[], ...statuses: string[]) =>
    eventually(
      `${ids.length} predictions to be ${statuses.join(' or ')}`,
      async () => {
        const all = await Promise.all(ids.map(prediction));
        return all.every(({ status }) => statuses.includes(status)) && all;
      },
      90_000,
    );
  const ready = (count: number) =>
    eventually(
      `${count} instances to be ready`,
      async () => {
        const all = await instances();
        const up = all.filter(({ state }) => state === 'ready');
        if (up.length !== count) throw new Error(all.map(({ host, state }) => `${host}: ${state}`).join(', '));
        return up;
      },
      60_000,
    );
  /** Each ended once: one record a prediction, whatever became of its attempts. */
  const billedOnce = async (ids: readonly string[]) => {
    const { results } = await house.get<{ results: { prediction: string }[] }>('/v1/usage');
    expect(
      results
        .map(({ prediction }) => prediction)
        .filter((id) => ids.includes(id))
        .toSorted(),
    ).toEqual(ids.toSorted());
  };
  /** What an engine runs of ours, by instance. */
  const containersOn = async (host: string): Promise<string[]> => {
    const found = await engineOf(host).docker.listContainers({ filters: { label: ['hearth.role=instance'] } });
    return found.map(({ Labels }) => Labels['hearth.instance'] ?? '');
  };

  it('are added by one command each, which says what it found', async () => {
    const add = (id: string) =>
      house.hearth('hosts', 'add', ...engineOf(id).addArgs, '--id', id, '--label', `rack=${id}`);
    for (const added of await Promise.all(HOSTS.map(add))) {
      expect(added, added.stdout + added.stderr).toMatchObject({ code: 0 });
      for (const check of ['engine', 'version', 'clock', 'gpus', 'isolation', 'disk', 'callback', 'port'])
        expect(added.stdout, added.stdout).toMatch(new RegExp(`(ok|warning) +${check} `));
      expect(added.stdout).toMatch(/ok +isolation /);
    }
    expect(await hostOf('two')).toMatchObject({
      state: 'ready',
      labels: { rack: 'two' },
      engine_version: '20.10.24+dfsg1',
    });
  }, 120_000);

  it('say in words what is wrong with one', async () => {
    const [{ address }] = fleet.engines as [TestEngine];
    const wrong: [string[], RegExp][] = [
      [['tcp://' + address + ':1'], /ECONNREFUSED.*\n.*Nothing listens there/],
      [['tcp://' + engineOf('two').address + ':2376'], /HTTPS server.*\n.*speaks TLS/],
      [
        ['ssh://root@' + engineOf('three').address, '--known-hosts', '/dev/null'],
        /Host key verification failed[^]*ssh .* once/,
      ],
    ];
    const tryOne = async ([args, words]: [string[], RegExp], n: number): Promise<void> => {
      const added = await house.hearth('hosts', 'add', ...args, '--id', `wrong-${n}`);
      expect(added.code).toBe(1);
      expect(added.stdout).toMatch(words);
      expect(added.stdout).toContain(`wrong-${n} stays on the list`);
      expect(await house.hearth('hosts', 'remove', `wrong-${n}`)).toMatchObject({ code: 0 });
    };
    await Promise.all(wrong.map(tryOne));
  }, 120_000);

  it('share a model between them', async () => {
    const added = await house.hearth('models', 'add', IMAGE, 'hearth/fleet');
    expect(added, added.stderr).toMatchObject({ code: 0 });
    const [model] = (await house.get<{ results: { latest_version: { id: string } }[] }>('/v1/models')).results;
    const hardware = await house.request('POST', '/v1/hardware', {
      sku: 'small',
      name: 'small',
      gpus: 0,
      memory_mib: 256,
      price_micros_per_second: 100,
    });
    expect(hardware.status).toBe(200);
    const made = await house.request('POST', '/v1/deployments', {
      name: 'fleet',
      model: 'hearth/fleet',
      version: model?.latest_version.id,
      hardware: 'small',
      min_instances: 3,
      // One more, for the one that returns with its host.
      max_instances: 4,
    });
    expect(made.status, await made.clone().text()).toBe(200);
    const up = await ready(3);
    expect(up.map(({ host }) => host).toSorted()).toEqual([...HOSTS].toSorted());
    const ids = await Promise.all(Array.from({ length: 6 }, (_, n) => run({ seconds: 0.1, text: `n ${n}` })));
    await allIn(ids, 'succeeded');
    await billedOnce(ids);
  }, 120_000);

  it('run a model where its image is', async () => {
    const added = await house.hearth('models', 'add', ONE_SLOT, 'hearth/local');
    expect(added, added.stderr).toMatchObject({ code: 0 });
    await allIn([await runLocal()], 'succeeded');
    expect((await localInstances()).map(({ host }) => host)).toEqual(['three']);
  }, 120_000);

  it('drain: what is warm comes up elsewhere first, then the host is empty', async () => {
    expect(await house.hearth('hosts', 'drain', 'three')).toMatchObject({ code: 0 });
    const served = await allIn([await run({ seconds: 0.1, text: 'while it drains' })], 'succeeded');
    expect(served).toHaveLength(1);
    await eventually('three to be empty', async () => (await containersOn('three')).length === 0, 60_000);
    const standing = await ready(3);
    expect(standing.map(({ host }) => host)).not.toContain('three');
  }, 120_000);

  it('an image that one of them alone has is copied where it is needed', async () => {
    await allIn([await runLocal()], 'succeeded');
    const [copied] = (await localInstances()).filter(({ state }) => state === 'ready');
    expect(copied).toMatchObject({ host: expect.stringMatching(/one|two/), phases: { pull: expect.any(String) } });
    expect(await house.hearth('hosts', 'uncordon', 'three')).toMatchObject({ code: 0 });
    const ps = await house.hearth('ps');
    expect(ps.stdout).toMatch(/hearth\/fleet .* 3 ready +one/);
    expect(ps.stdout).toMatch(/three +ready +0 /);
  }, 120_000);

  it('an engine killed with 20 predictions running: all end succeeded, once, billed once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => run({ seconds: 15, text: `killed ${n}` })));
    await allIn(ids, 'processing');
    const { host: victim } = await eventually('one to hold more than five', async () =>
      (await instances()).find(({ in_flight }) => in_flight > 5),
    );
    await engineOf(victim).kill9();
    await inState(victim, 'lost');
    await eventually('its instances to be gone', async () => (await instances()).every(({ host }) => host !== victim));
    const ended = await allIn(ids, 'succeeded', 'failed', 'canceled');
    expect(ended.map(({ status, error }) => [status, error])).toEqual(ids.map(() => ['succeeded', null]));
    await billedOnce(ids);
    await engineOf(victim).start();
    await inState(victim, 'ready');
    // What it ran on in the meantime belongs to nobody any more.
    await eventually('the strays to be gone', async () => {
      const there = await containersOn(victim);
      const live = await house.get<{ results: WireInstance[] }>('/v1/instances');
      return there.every((id) => live.results.some((instance) => instance.id === id));
    });
  }, 180_000);

  it('a cut network: its work goes elsewhere, what it reports after is heard by nobody, and its model is still loaded', async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, (_, n) => run({ seconds: 15, text: `cut ${n}` })));
    await allIn(ids, 'processing');
    const busy = await eventually('one to be busy', async () =>
      (await instances()).find(({ in_flight }) => in_flight > 0),
    );
    const cut = busy.host;
    await engineOf(cut).cut();
    await inState(cut, 'lost');
    await eventually('its instance to be gone', async () => (await instances()).every(({ id }) => id !== busy.id));
    await engineOf(cut).heal();
    await inState(cut, 'ready');
    await eventually('the instance to be back', async () =>
      (await instances()).some(({ id, state }) => id === busy.id && state === 'ready'),
    );
    const ended = await allIn(ids, 'succeeded', 'failed', 'canceled');
    expect(ended.map(({ status, error }) => [status, error])).toEqual(ids.map(() => ['succeeded', null]));
    await billedOnce(ids);
  }, 180_000);

  it('an engine that takes connections and never answers is lost, and delays nobody', async () => {
    const frozen = 'three';
    engineOf(frozen).freeze();
    try {
      const ids = await Promise.all(Array.from({ length: 3 }, (_, n) => run({ seconds: 0.1, text: `frozen ${n}` })));
      await inState(frozen, 'lost');
      expect(await hostOf(frozen)).toMatchObject({
        lost_reason: expect.stringMatching(/no answer|No Docker Engine answers/),
      });
      await allIn(ids, 'succeeded');
      await billedOnce(ids);
    } finally {
      engineOf(frozen).thaw();
    }
    await inState(frozen, 'ready');
  }, 120_000);
});
