import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Chance } from '../e2e/fuzz/chance.ts';
import { findServer, type House, type ServerRoom } from '../src/house.ts';
import { processesWith, signal } from '../src/processes.ts';
import type { Line, TcpProxy } from '../src/tcp-proxy.ts';
import type { Store } from './stores.ts';
import type { World } from './world.ts';

/** One way of breaking one thing, mended again when it returns. */
export interface Fault {
  /** What it breaks: things are broken by one fault at a time. */
  readonly target: string;
  readonly run: (holdMs: number, chance: Chance) => Promise<void>;
}

/** What can be broken here by its name, and what cannot with the reason. */
export interface Faults {
  readonly possible: ReadonlyMap<string, Fault>;
  readonly skipped: ReadonlyMap<string, string>;
}

const ROOMS: readonly ServerRoom[] = ['api', 'dispatcher', 'scheduler'];
const SLOW_MS = 150;
const POWER_TRIES = 10;
const PATIENCE_MS = 180_000;
const LOOK_EVERY_MS = 500;

export function faultsOf(world: World): Faults {
  const possible = new Map<string, Fault>();
  const skipped = new Map<string, string>([['clock jump', 'the clock of this machine is not ours to set']]);
  const offer = (kind: string, target: string, run: Fault['run']) => possible.set(kind, { target, run });

  for (const room of ROOMS) addServer(world, room, offer);
  offer('kill -9 model process', 'models', (_hold, chance) => killProcess(world, chance));
  offer('pause model process', 'models', (holdMs, chance) => pauseProcess(world, holdMs, chance));
  offer('power cut', 'house', () => cutPower(world));
  addStores(world, offer);
  addNetwork(world, offer, skipped);
  addDisks(world, offer, skipped);
  addEngine(world, offer, skipped);
  return { possible, skipped };
}

/** Whatever a fault could not mend itself. */
export async function mend({ postgres, redis, callbacks, disks, engine }: World): Promise<void> {
  for (const proxy of [postgres.proxy, redis.proxy, callbacks]) proxy?.set({ kind: 'open' });
  for (const disk of Object.values(disks)) await disk?.free();
  if (engine === null) return;
  engine.thaw();
  await engine.heal();
  // One that does not answer is started; one that does needs nothing.
  await engine.docker.ping().catch(() => engine.start());
}

type Offer = (kind: string, target: string, run: Fault['run']) => void;

function addServer({ house }: World, room: ServerRoom, offer: Offer): void {
  // `hearth up` starts it again.
  offer(`kill -9 ${room}`, room, async () => {
    signal(await serverOf(house, room), 'SIGKILL');
  });
  offer(`pause ${room}`, room, async (holdMs) => stopped(await serverOf(house, room), holdMs));
  offer(`restart ${room}`, room, async () => {
    signal(await serverOf(house, room), 'SIGTERM');
  });
}

/** Stands still for so long. */
/** A server may just be down with the whole house. */
async function serverOf({ dataDir }: House, room: ServerRoom): Promise<number> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
    const pid = await findServer(dataDir, room);
    if (pid !== null) return pid;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`the ${room} did not come back within ${PATIENCE_MS} ms`);
}

async function stopped(pid: number, holdMs: number): Promise<void> {
  signal(pid, 'SIGSTOP');
  await pause(holdMs);
  signal(pid, 'SIGCONT');
}

/** Everything of Hearth on this machine at once, models and all; and then it is started again, as at the start of a machine. */
async function cutPower({ house }: World): Promise<void> {
  await house.powerCut();
  for (let left = POWER_TRIES; ; left -= 1) {
    try {
      return await house.restart();
    } catch (error) {
      // What it stands on may be broken just now.
      if (left === 0) throw error;
    }
  }
}

async function modelProcess({ house }: World, chance: Chance): Promise<number | null> {
  // Their temporary folder is in the data folder; the servers' own main files are named by their whole path.
  const models = await processesWith(house.dataDir, (command) => command.includes('\0src/main.ts'));
  return models.length === 0 ? null : chance.pick(models).pid;
}

async function killProcess(world: World, chance: Chance): Promise<void> {
  const pid = await modelProcess(world, chance);
  if (pid !== null) signal(pid, 'SIGKILL');
}

async function pauseProcess(world: World, holdMs: number, chance: Chance): Promise<void> {
  const pid = await modelProcess(world, chance);
  if (pid !== null) await stopped(pid, holdMs);
}

function addStores({ postgres, redis }: World, offer: Offer): void {
  const hold = async (store: Store, holdMs: number): Promise<void> => {
    const pid = await store.pid();
    if (pid !== null) await stopped(pid, holdMs);
  };
  offer('kill -9 Postgres', 'Postgres', () => postgres.kill9({ wipe: false }));
  offer('pause Postgres', 'Postgres', (holdMs) => hold(postgres, holdMs));
  offer('kill -9 Redis', 'Redis', () => redis.kill9({ wipe: false }));
  offer('kill -9 Redis and wipe it', 'Redis', () => redis.kill9({ wipe: true }));
  offer('pause Redis', 'Redis', (holdMs) => hold(redis, holdMs));
  offer('CLIENT PAUSE in Redis', 'Redis', (holdMs) => pauseClients(redis.directUrl, holdMs));
}

/** Redis takes commands and answers none of them. */
async function pauseClients(url: string, holdMs: number): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  // A Redis that is just being started again cannot be slow as well; the command below says so.
  client.on('error', () => {});
  try {
    await client.call('CLIENT', 'PAUSE', String(holdMs), 'ALL');
  } catch {
    return;
  } finally {
    client.disconnect();
  }
  await pause(holdMs);
}

function addNetwork({ postgres, redis, callbacks }: World, offer: Offer, skipped: Map<string, string>): void {
  const ways: [string, TcpProxy | null][] = [
    ['Postgres', postgres.proxy],
    ['Redis', redis.proxy],
    ['callbacks', callbacks],
  ];
  const lines: [string, Line][] = [
    ['reset the way to', { kind: 'reset' }],
    ['cut the way to', { kind: 'cut' }],
    ['slow the way to', { kind: 'slow', delayMs: SLOW_MS }],
  ];
  for (const [name, proxy] of ways) {
    for (const [verb, line] of lines) {
      if (proxy === null) {
        skipped.set(`${verb} ${name}`, 'nothing lies on that way in this run');
        continue;
      }
      offer(`${verb} ${name}`, `way to ${name}`, async (holdMs) => {
        proxy.set(line);
        await pause(holdMs);
        proxy.set({ kind: 'open' });
      });
    }
  }
}

function addDisks({ disks }: World, offer: Offer, skipped: Map<string, string>): void {
  for (const [name, disk] of Object.entries(disks)) {
    const kind = `fill the disk of ${name}`;
    if (disk === null) skipped.set(kind, 'a disk of its own cannot be mounted here');
    else
      offer(kind, `disk of ${name}`, async (holdMs) => {
        await disk.fill();
        await pause(holdMs);
        await disk.free();
      });
  }
}

function addEngine({ engine }: World, offer: Offer, skipped: Map<string, string>): void {
  const kinds = ['kill -9 container', 'pause container', 'kill -9 dockerd', 'pause dockerd', 'cut the way to the host'];
  if (engine === null) {
    for (const kind of kinds) skipped.set(kind, 'there is no Docker Engine here that may be broken');
    return;
  }
  const container = async (chance: Chance) => {
    const running = await engine.docker.listContainers({ filters: { label: ['hearth.role=instance'] } });
    return running.length === 0 ? null : engine.docker.getContainer(chance.pick(running).Id);
  };
  offer('kill -9 container', 'engine', async (_hold, chance) => {
    // It may end by itself between the two.
    await (await container(chance))?.kill({ signal: 'SIGKILL' }).catch(() => null);
  });
  offer('pause container', 'engine', async (holdMs, chance) => {
    const victim = await container(chance);
    const paused = await victim?.pause().then(
      () => true,
      () => false,
    );
    if (paused !== true) return;
    await pause(holdMs);
    // Hearth may have removed it meanwhile.
    await victim?.unpause().catch(() => null);
  });
  offer('kill -9 dockerd', 'engine', async (holdMs) => {
    await engine.kill9();
    await pause(holdMs);
    await engine.start();
  });
  offer('pause dockerd', 'engine', async (holdMs) => {
    engine.freeze();
    await pause(holdMs);
    engine.thaw();
  });
  offer('cut the way to the host', 'way to the host', async (holdMs) => {
    await engine.cut();
    await pause(holdMs);
    await engine.heal();
  });
}
