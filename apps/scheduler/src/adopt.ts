import type { RuntimeKind } from '@hearth/core';
import type { InstanceRow } from '@hearth/store';
import type { Boots } from './boot.ts';
import { type ExitDeps, settleExit } from './exits.ts';
import type { Member } from './hosts/member.ts';
import type { ReadHealth } from './readiness.ts';
import { BootFailure, type Found, type Runtime } from './runtime/runtime.ts';
import type { Stops } from './stops.ts';

export interface AdoptDeps extends ExitDeps {
  readonly boots: Boots;
  readonly stops: Stops;
  readonly readHealth: ReadHealth;
  /** Whether an inspection of that import is in progress. */
  readonly isInspecting: (importId: string) => boolean;
  /** Whether no other scheduler can be at work yet. Absent: there is none. */
  readonly isLeading?: () => boolean;
}

/** A server that idles answers at once. */
const HEALTH_MS = 5_000;

/**
 * Makes the rows and the containers of one host agree, at the start, every few seconds and when it returns: adopts what
 * an earlier scheduler started, takes note of what ended unseen, and sweeps up what belongs to nobody. Rows are read
 * before containers, so that a container can't be missed which a row already tells of; strays are looked up once more
 * before they go. Of a lost runtime the rows go, whatever still runs there: its predictions must not wait for it. Answers
 * with the runtimes of which everything was seen.
 */
export async function reconcile(member: Member, deps: AdoptDeps): Promise<ReadonlySet<RuntimeKind>> {
  const rows = await deps.store.instances.live(member.row.id);
  const used = new Set(member.runtimes.map(({ kind }) => kind));
  for (const row of rows.filter((row) => !used.has(row.runtime))) {
    await vanish(row, `The ${row.runtime} runtime is switched off (HEARTH_RUNTIME).`, deps);
  }
  const seen = new Set<RuntimeKind>();
  for (const runtime of member.runtimes) {
    const mine = rows.filter((row) => row.runtime === runtime.kind);
    if (member.isLost(runtime.kind)) {
      await member.storeLost();
      for (const row of mine) await vanish(row, `Its host ${member.row.name} is lost: ${member.lostWhy}.`, deps);
    } else if (await sortOut(runtime, mine, deps)) {
      seen.add(runtime.kind);
    }
  }
  return seen;
}

/** Ends the instances of hosts that are no part of the fleet any more. */
export async function dropOrphans(hostIds: ReadonlySet<string>, deps: AdoptDeps): Promise<void> {
  for (const row of await deps.store.instances.live()) {
    if (!hostIds.has(row.hostId)) await vanish(row, 'Its host was removed.', deps);
  }
}

/** False where it could not be seen what runs there. */
async function sortOut(runtime: Runtime, mine: readonly InstanceRow[], deps: AdoptDeps): Promise<boolean> {
  let found: Found[];
  try {
    found = await runtime.list();
  } catch (error) {
    // Not to be seen is not to be gone, until the pulse says so. Where nothing runs there is nothing to miss, and most
    // machines without an engine never had one.
    const level = mine.length > 0 ? 'warn' : 'debug';
    deps.log[level]({ err: error, runtime: runtime.kind }, 'cannot be listed; its instances stay as they are');
    return false;
  }
  for (const row of mine) {
    const itsOwn = found.find((f) => f.role === 'instance' && f.instanceId === row.id) ?? null;
    await settleRow(row, itsOwn, runtime, deps);
  }
  const known = new Set(mine.map((row) => row.id));
  const strays = found.filter((f) => !known.has(f.instanceId));
  await Promise.all(strays.map((stray) => takeBackOrReap(stray, runtime, deps)));
  return true;
}

/**
 * | row | container runs | it has ended | there is none |
 * |---|---|---|---|
 * | booting | go on with the boot | the boot fails | vanished |
 * | ready, draining | nothing to do | failed, with its log | vanished |
 * | stopping | stop again | stop again | stop again |
 */
async function settleRow(row: InstanceRow, found: Found | null, runtime: Runtime, deps: AdoptDeps): Promise<void> {
  const { boots, stops } = deps;
  if (row.state === 'stopping') {
    void stops.begin(row);
    return;
  }
  if (row.state === 'booting') {
    if (boots.has(row.id)) return;
    if (found?.address && found.exit === null) boots.resume(row, found.address);
    else if (await vanish(row, 'The scheduler was restarted while it booted.', deps)) await remove(row, runtime);
    return;
  }
  if (found === null) await vanish(row, 'Its container is gone.', deps);
  else if (found.exit !== null) await settleExit(found.exit, deps);
}

const remove = (row: InstanceRow, runtime: Runtime): Promise<void> =>
  runtime.stop(row.id, { address: null, graceMs: 0 });

/** Whether it was there to vanish. */
async function vanish(
  row: InstanceRow,
  message: string,
  { store, bus, clock, log, ended, boots, isLeading }: AdoptDeps,
): Promise<boolean> {
  // Who stood still until now sees no container of what the next leader has only just begun to boot, and takes for lost
  // what that one has taken in again.
  if (isLeading?.() === false) return false;
  const at = clock.now();
  const phase = row.state === 'booting' ? 'place' : null;
  const failure = { kind: 'lost', phase, message, logTail: '', exitCode: null, at } as const;
  if ((await store.instances.move(row.id, row.state, 'vanished', { at, reason: message, failure })) === null)
    return false;
  ended('lost');
  log.warn({ instanceId: row.id, deploymentId: row.deploymentId, hostId: row.hostId }, `vanished: ${message}`);
  bus.poke('dispatcher');
  bus.poke('scheduler');
  await boots.giveUp(row.id);
  return true;
}

/** A container of ours without a live row: lost with its host, of an instance that is over, or of an inspection that was cut off. */
async function takeBackOrReap(stray: Found, runtime: Runtime, deps: AdoptDeps): Promise<void> {
  const { store, boots, log, isInspecting, isLeading } = deps;
  const { instanceId, role } = stray;
  if (role === 'inspection' ? isInspecting(instanceId) : boots.has(instanceId)) return;
  const row = await store.instances.get(instanceId);
  if (row !== null && row.state !== 'stopped' && row.state !== 'failed') return;
  if (row !== null && (await takeBack(row, stray, deps))) return;
  if (isLeading?.() === false) return;
  log.info({ instanceId, role, runtime: runtime.kind }, 'reaped: it belongs to nobody');
  await runtime.stop(instanceId, { address: stray.address, graceMs: 0 });
}

/**
 * One that was up when its host was lost and idles there still is taken in again: its model is loaded. One that is busy
 * works at what was started again elsewhere, and nobody can tell how long. Answers whether it stays.
 */
async function takeBack(row: InstanceRow, { address, exit }: Found, deps: AdoptDeps): Promise<boolean> {
  const { store, bus, clock, log } = deps;
  if (!wasLostWhileUp(row) || address === null || exit !== null) return false;
  if ((await store.deployments.get(row.deploymentId)) === null || !(await idles(address, deps))) return false;
  const reason = 'Its host has returned, and it still ran there.';
  // Not moved: it was to take nothing any more; or another scheduler has taken it in, and it may be busy by now.
  if ((await store.instances.move(row.id, 'failed', 'returned', { at: clock.now(), address, reason })) === null)
    return (await store.instances.get(row.id))?.state !== 'failed';
  log.info({ instanceId: row.id, deploymentId: row.deploymentId, hostId: row.hostId }, `returned: ${reason}`);
  bus.poke('dispatcher');
  bus.poke('scheduler');
  return true;
}

const wasLostWhileUp = ({ state, failure, phases }: InstanceRow): boolean =>
  state === 'failed' && failure?.kind === 'lost' && phases.ready !== undefined;

async function idles(address: string, { readHealth }: AdoptDeps): Promise<boolean> {
  try {
    return (await readHealth(address, AbortSignal.timeout(HEALTH_MS)))?.status === 'READY';
  } catch (error) {
    if (error instanceof BootFailure) return false;
    throw error;
  }
}
