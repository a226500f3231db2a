import { afterEach, beforeEach, expect, it } from 'vitest';
import { freeInTable } from '../src/runtime/docker-disk.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { openHouse, type TestHouse } from './house.ts';

const imageOf = (name: string) => `registry.example/${name}@sha256:${name}`;
const SERVER = { setupMs: 100, setup: 'ok', pullBytes: 20 } as const;
const FLOOR = 1_000;
/** Half of it is kept as headroom when something is fetched. */
const AMPLE = 10_000;

let house: TestHouse;
let docker: FakeRuntime;
beforeEach(async () => {
  house = await openHouse();
  docker = new FakeRuntime('docker', house.clock);
  docker.diskBytes = AMPLE;
  house.images = { imageCopies: 2, diskFloorBytes: FLOOR };
});
afterEach(() => house.close());

const has = async (name: string) => (await docker.images()).includes(imageOf(name));
const brought = async () => (await house.store.images.ofHost('local')).map(({ image }) => image);
/** It is there, and the store knows who brought it. */
const fetched = (name: string) =>
  house.until(`${name} to be fetched`, async () => (await has(name)) && (await brought()).includes(imageOf(name)));

it('fetches what was just added, so that its first boot pulls nothing', async () => {
  docker.define(imageOf('ocr'), { ...SERVER, pullBytes: 200 });
  const deployment = await house.deploy('ocr', { image: imageOf('ocr') });
  await house.start([docker]);
  await fetched('ocr');
  await house.predict(deployment);
  const { phases } = await house.inState(deployment, 'ready');
  expect(phases.pull).toBeUndefined();
  expect(docker.pulled).toEqual([imageOf('ocr')]);
});

it('a boot that comes while its image is fetched waits for the same pull', async () => {
  docker.define(imageOf('ocr'), { ...SERVER, pullBytes: 200 });
  const deployment = await house.deploy('ocr', { image: imageOf('ocr') });
  await house.start([docker]);
  await house.predict(deployment);
  const booting = await house.inState(deployment, 'ready');
  expect(booting.phases.pull).toBeDefined();
  expect(docker.pulled).toEqual([imageOf('ocr')]);
});

it('fetches nothing where the operator wants no copies; what a boot brought is known as brought', async () => {
  house.images = { ...house.images, imageCopies: 0 };
  docker.define(imageOf('ocr'), SERVER);
  docker.define(imageOf('tts'), SERVER);
  await house.deploy('tts', { image: imageOf('tts') });
  const deployment = await house.deploy('ocr', { image: imageOf('ocr') });
  await house.start([docker]);
  await house.predict(deployment);
  await house.inState(deployment, 'ready');
  expect(docker.pulled).toEqual([imageOf('ocr')]);
  expect(await brought()).toEqual([imageOf('ocr')]);
});

it('one that cannot be had does not keep the others from being fetched', async () => {
  docker.define(imageOf('here'), SERVER);
  await house.deploy('here', { image: imageOf('here') });
  await house.deploy('nowhere', { image: imageOf('nowhere') });
  await house.start([docker]);
  await fetched('here');
  expect(docker.pulled).toEqual([imageOf('here')]);
});

it('removes what it brought and was not used for the longest where the disk is full; nothing else, and nothing needed', async () => {
  house.images = { ...house.images, imageCopies: 0 };
  // Somebody else's, as old as it gets.
  docker.define(imageOf('theirs'), { setupMs: 1, setup: 'ok' });
  for (const name of ['runs', 'kept', 'old', 'newer']) docker.define(imageOf(name), { ...SERVER, pullBytes: 300 });
  const signal = new AbortController().signal;
  for (const name of ['kept', 'old', 'newer'] as const) {
    const pull = docker.pull(imageOf(name), () => {}, signal);
    await house.until(`${name} to be there`, () => has(name), 1);
    await pull;
    await house.store.images.fetched('local', imageOf(name), 300, house.clock.now());
  }
  await house.deploy('kept', { image: imageOf('kept'), minInstances: 1 });
  const runs = await house.deploy('runs', { image: imageOf('runs') });
  docker.diskBytes = FLOOR - 100;
  await house.start([docker]);
  await house.predict(runs);
  await house.inState(runs, 'ready');
  await house.until('room to be made', async () => docker.diskBytes !== null && docker.diskBytes >= FLOOR);
  expect(await has('old')).toBe(false);
  for (const name of ['theirs', 'runs', 'kept', 'newer']) expect(await has(name), name).toBe(true);
  await house.until('the store to know', async () => !(await brought()).includes(imageOf('old')));
});

it('reads the free bytes out of what df prints', () => {
  const printed =
    'Filesystem     1024-blocks     Used Available Capacity Mounted on\noverlay          102687672 61277732  36147980      63% /\n';
  expect(freeInTable(printed)).toBe(36_147_980 * 1024);
  expect(freeInTable('df: /: No such file')).toBeNull();
});
