import { hostname } from 'node:os';
import type { Host, Millis, RuntimeKind } from '@hearth/core';
import type { HostRow } from '@hearth/store';
import { messageOf } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { LOCAL_HOST_ID, type Place, type Runtimes } from '../runtimes.ts';
import { Member, type MemberDeps } from './member.ts';
import type { OpenHost, OpenHosts } from './open-host.ts';

export interface FleetDeps extends MemberDeps {
  readonly runtimes: Runtimes;
  /** This machine. */
  readonly local: OpenHost;
  readonly openHost: OpenHosts;
  /** A host was removed: its instances are nobody's. */
  readonly left: () => void;
}

const OPEN_AGAIN_MS = 10_000;

/** The hosts: this machine, and those that the store lists. */
export class Fleet {
  readonly #deps: FleetDeps;
  readonly #members = new Map<string, Member>();
  /** Hosts that could not even be connected to, by when that was tried. */
  readonly #unopened = new Map<string, Millis>();

  constructor(deps: FleetDeps) {
    this.#deps = deps;
  }

  /** Takes in all hosts, and resolves when this machine was looked at; the others answer when they answer. */
  async open(): Promise<void> {
    const { store, local } = this.#deps;
    await store.hosts.upsert({ id: LOCAL_HOST_ID, name: hostname() });
    const rows = await store.hosts.list();
    const own = rows.find(({ id }) => id === LOCAL_HOST_ID);
    if (own === undefined) throw new Error('this machine has no row among the hosts');
    const member = new Member(own, local, this.#deps);
    this.#members.set(LOCAL_HOST_ID, member);
    this.match(rows);
    member.look();
    member.reconcile();
    await member.settled();
  }

  /** Takes in hosts that came, and lets go of those that were removed or are reached another way now. */
  match(rows: readonly HostRow[]): void {
    const standing = new Map(rows.map((row) => [row.id, row]));
    for (const [id, member] of this.#members) {
      const row = standing.get(id);
      if (row !== undefined && sameWay(row, member.row)) member.heed(row);
      else if (id !== LOCAL_HOST_ID) this.#letGo(id, member);
    }
    for (const row of rows) if (!this.#members.has(row.id) && row.id !== LOCAL_HOST_ID) this.#takeIn(row);
  }

  /** As a plan sees them: what the store says of them, and what is seen of them now. */
  view(rows: readonly HostRow[]): Host[] {
    return rows.flatMap(({ id }) => this.#members.get(id)?.view() ?? []);
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#members.keys());
  }

  /** Those that nothing can be placed on now, because they do not answer or are not looked through yet. */
  get lost(): ReadonlySet<string> {
    return new Set(this.members.filter((member) => member.view().lost).map(({ row }) => row.id));
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Under which address the instances there reach the platform. */
  callbackHost({ hostId, runtime }: Place): string {
    return this.#members.get(hostId)?.callbackHost(runtime) ?? '127.0.0.1';
  }

  /** Where something of this kind can run now, this machine first. */
  placesOf(kind: RuntimeKind): { place: Place; memoryMiB: number }[] {
    return this.members.flatMap((member) => {
      const capacity = member.capacity(kind);
      if (!capacity?.available || capacity.refusal !== null || member.view().lost) return [];
      return [{ place: { hostId: member.row.id, runtime: kind }, memoryMiB: capacity.memoryMiB }];
    });
  }

  /** Why this machine can't run anything of the kind. */
  noteOf(kind: RuntimeKind): string {
    const here = this.#members.get(LOCAL_HOST_ID);
    const capacity = here?.capacity(kind);
    // One that is lost is not asked what it offers.
    if (here?.isLost(kind)) return `The ${kind} runtime of this machine does not answer: ${here.lostWhy}`;
    return capacity?.refusal ?? capacity?.note ?? `The ${kind} runtime is switched off (HEARTH_RUNTIME).`;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
  }

  #takeIn(row: HostRow): void {
    const { clock, openHost, runtimes, log, store, local } = this.#deps;
    if (clock.now() - (this.#unopened.get(row.id) ?? 0) < OPEN_AGAIN_MS) return;
    try {
      const opened = row.connection === null ? local : openHost(row);
      runtimes.join(row.id, opened.runtimes);
      const member = new Member(row, opened, this.#deps);
      this.#members.set(row.id, member);
      this.#unopened.delete(row.id);
      member.heed(row);
    } catch (error) {
      this.#unopened.set(row.id, clock.now());
      const why = messageOf(error);
      log.warn({ hostId: row.id, why }, 'cannot be connected to');
      const check = {
        name: 'engine',
        status: 'failed',
        detail: why,
        remedy: 'Give files that Hearth can read; their paths are on the machine of the scheduler.',
      } as const;
      const written = [
        store.hosts.found(row.id, { lostAt: row.lostAt ?? clock.now(), lostWhy: why }),
        store.hosts.checked(row.id, [check], Math.max(clock.now(), row.checkAskedAt ?? 0)),
      ];
      Promise.all(written).catch((error: unknown) =>
        log.warn({ err: error, hostId: row.id }, 'its row was not written'),
      );
    }
  }

  #letGo(id: string, member: Member): void {
    const { runtimes, log, left } = this.#deps;
    this.#members.delete(id);
    runtimes.leave(id);
    log.info({ hostId: id }, 'no host of ours any more');
    left();
    clear(member.runtimes)
      .catch((error: unknown) => log.warn({ err: error, hostId: id }, 'what it still ran of ours stays on it'))
      .then(() => member.close())
      .then(() => Promise.all(member.runtimes.map((runtime) => runtime.close())))
      .catch((error: unknown) => log.warn({ err: error, hostId: id }, 'its connection was not closed'));
  }
}

/** Ends what is left of ours. The pulse still beats, so a host that does not answer is cut off within seconds. */
async function clear(runtimes: readonly Runtime[]): Promise<void> {
  for (const runtime of runtimes) {
    const found = await runtime.list();
    await Promise.all(found.map(({ instanceId, address }) => runtime.stop(instanceId, { address, graceMs: 0 })));
  }
}

const sameWay = (a: HostRow, b: HostRow): boolean => JSON.stringify(a.connection) === JSON.stringify(b.connection);
