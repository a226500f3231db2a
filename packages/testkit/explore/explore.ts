import { seeded } from '@hearth/sim';
import { type Invariant, Violation } from './invariants.ts';
import type { Fault, Room, Scenario } from './scenario.ts';
import { World } from './world.ts';

/** How the run of a scenario went. */
export interface Outcome {
  readonly violation: { readonly invariant: Invariant; readonly message: string } | null;
  readonly hash: string;
  readonly events: number;
  /** Calls of ports, by incarnation. */
  readonly calls: Readonly<Record<Room, readonly number[]>>;
  /** Of servers, by whatever they died of. */
  readonly deaths: number;
  /** Virtual milliseconds. */
  readonly tookMs: number;
  readonly last: readonly string[];
}

const ROOMS: readonly Room[] = ['scheduler', 'dispatcher'];
/** Once nothing breaks any more, all must be over within so long. */
const PATIENCE_MS = 20 * 60_000;
const LOOK_EVERY_MS = 2_000;

/** Plays a scenario to its end, or to the first promise that is broken. One at a time: time is the process's. */
export async function explore(scenario: Scenario, keptEvents = 60): Promise<Outcome> {
  const world = new World(scenario, keptEvents);
  const uninstall = world.time.install(seeded(scenario.seed + 2));
  const unheard = (reason: unknown): void => world.note(reason);
  process.on('unhandledRejection', unheard);
  const startedAt = world.time.now();
  try {
    await play(world);
  } catch (error) {
    world.note(error);
  } finally {
    process.off('unhandledRejection', unheard);
    uninstall();
  }
  const { violation, trace, incarnations } = world;
  const { hash, events, last } = trace;
  const all = ROOMS.flatMap((room) => incarnations[room]);
  const deaths = all.filter(({ isOver }) => isOver).length;
  for (const who of all) who.die('the run is over');
  const callsOf = (room: Room): number[] => incarnations[room].map(({ calls }) => calls);
  return {
    violation: violation === null ? null : { invariant: violation.invariant, message: violation.message },
    hash,
    events,
    deaths,
    calls: { scheduler: callsOf('scheduler'), dispatcher: callsOf('dispatcher') },
    tookMs: world.time.now() - startedAt,
    last,
  };
}

async function play(world: World): Promise<void> {
  const { scenario, time } = world;
  await world.setUp();
  for (const room of ROOMS) world.launch(room);
  const failed = (error: unknown): void => world.note(error);
  for (const planned of scenario.predictions)
    time.after(planned.at, () => void world.predict(planned).catch(failed), null);
  for (const fault of scenario.faults) time.after(fault.at, () => strike(world, fault), null);
  const isBroken = (): boolean => world.violation !== null;
  const quietAt = time.now() + Math.max(0, ...scenario.faults.map(endOf));
  while (time.now() < quietAt + PATIENCE_MS && !isBroken()) {
    await time.play(time.now() + LOOK_EVERY_MS, isBroken);
    if (time.now() >= quietAt && world.open === null) break;
  }
  if (isBroken()) return;
  const { open } = world;
  if (open !== null) return world.note(new Violation(open.invariant, `${open.what}, and nothing breaks any more`));
  world.checkEnd();
}

const endOf = (fault: Fault): number => fault.at + ('ms' in fault ? fault.ms : 0);

function strike(world: World, fault: Fault): void {
  const { time, broker, network, random, trace } = world;
  switch (fault.kind) {
    case 'die':
      world.backAfterMs = fault.backAfterMs;
      return world.servers[fault.room]?.who.die('killed');
    case 'restart':
      world.backAfterMs = fault.backAfterMs;
      return restart(world, fault.room);
    case 'pause':
      return pause(world, fault);
    case 'wipeQueue':
      trace.note('queue', 'forgets everything');
      broker.wipe();
      time.after(fault.toldAfterMs, () => broker.tellAmnesia(), null);
      return;
    case 'loseLocks':
      trace.note('queue', 'delivers again what is held');
      return broker.loseLocks();
    case 'endContainer': {
      const chosen = oneUp(world);
      return chosen && world.endContainer(chosen.spec.instanceId, fault.how);
    }
    case 'hangContainer': {
      const chosen = oneUp(world);
      if (!chosen) return;
      trace.note(chosen.spec.instanceId, `hangs for ${fault.ms} ms`);
      chosen.hangsUntil = time.now() + fault.ms;
      return;
    }
    case 'loseHost': {
      const far = world.loseHost(fault.how);
      if (far) time.after(fault.ms, () => world.restoreHost(far), null);
      return;
    }
    case 'cutReports':
      trace.note('network', `no report arrives for ${fault.ms} ms`);
      network.cutUntil = time.now() + fault.ms;
      return;
  }

  function oneUp({ network: { servers } }: World) {
    return servers[Math.floor(random() * servers.length)];
  }
}

/** As SIGTERM does: it closes, and ends. */
function restart(world: World, room: Room): void {
  const server = world.servers[room];
  if (server === null || server.serving === null) return;
  const { who, serving } = server;
  world.trace.note(who.name, 'is asked to close');
  who
    .run(() => serving.close())
    .then(
      () => who.die('closed'),
      (error: unknown) => who.die(`it could not close: ${String(error)}`),
    );
}

/** Who stood still for long leads no more when it wakes; a standby may have taken over by then, so that there are two. */
function pause(world: World, { room, ms, takenOverAfterMs, lingersMs }: Extract<Fault, { kind: 'pause' }>): void {
  const { time } = world;
  const server = world.servers[room];
  if (server === null) return;
  const { who } = server;
  who.pause(ms);
  if (who.isLeading) return;
  const takeOver = (): void => {
    if (world.servers[room]?.who === who && !who.isOver) world.launch(room);
  };
  if (takenOverAfterMs !== Infinity) time.after(takenOverAfterMs, takeOver, null);
  time.after(ms + lingersMs, () => leave(world, room, server), null);
}

/**
 * It hears that it does not lead any more: the dispatcher closes its term, the scheduler ends at once. Where nobody has
 * taken over, another incarnation does when it is gone.
 */
function leave(world: World, room: Room, { who, serving }: NonNullable<World['servers'][Room]>): void {
  if (who.isOver || who.pausedUntil > world.time.now()) return;
  if (room === 'scheduler' || serving === null) return who.die('no longer leading');
  who
    .run(() => serving.close())
    .then(
      () => who.die('its term is over'),
      (error: unknown) => who.die(`it could not close: ${String(error)}`),
    );
}
