import type { Host, RuntimeKind } from '@hearth/core';
import { type Coalescer, createCoalescer, type Logger } from '@hearth/kit';
import type { HostFindings, HostRow, Store } from '@hearth/store';
import { type Clock, pause } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Capacity, Runtime, RuntimeListener } from '../runtime/runtime.ts';
import type { OpenHost } from './open-host.ts';
import { Pulse } from './pulse.ts';

/** What a member needs of the scheduler. */
export interface MemberDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly listener: Omit<RuntimeListener, 'gap'>;
  /** Brings its rows and its containers in line, or takes its rows away while it is lost; the runtimes that were seen. */
  readonly reconcile: (member: Member) => Promise<ReadonlySet<RuntimeKind>>;
  /** The fleet is not as it was. */
  readonly changed: () => void;
}

/** A look that takes longer has failed; the pulse says whether the host is lost. */
const LOOK_MS = 10_000;

/**
 * One host as the scheduler holds it. Everything about it happens beside everything else: however slow it is, nobody
 * waits for it but its own instances.
 */
export class Member {
  row: HostRow;
  readonly #open: OpenHost;
  readonly #deps: MemberDeps;
  readonly #pulses: ReadonlyMap<RuntimeKind, Pulse>;
  readonly #unsubscribes: readonly (() => void)[];
  readonly #reconciling: Coalescer;
  readonly #looking: Coalescer;
  readonly #checking: Coalescer;
  #capacities: ReadonlyMap<RuntimeKind, Capacity> = new Map();
  /** By runtime, from whenever it was last available. */
  readonly #callbackHosts = new Map<RuntimeKind, string>();
  #images: readonly string[] = [];
  #why = '';
  /** Those that were lost, maybe under an earlier scheduler: what they still run since has not been looked through. */
  readonly #unsorted: Set<RuntimeKind>;

  constructor(row: HostRow, open: OpenHost, deps: MemberDeps) {
    this.row = row;
    this.#unsorted = new Set(row.lostAt === null ? [] : open.runtimes.map(({ kind }) => kind));
    this.#open = open;
    this.#deps = deps;
    this.#reconciling = createCoalescer(() => this.#patiently('its reconciliation', () => this.#reconcile()));
    this.#looking = createCoalescer(() => this.#patiently('the look at it', () => this.#look()));
    this.#checking = createCoalescer(() => this.#patiently('its check', () => this.#check()));
    const gap = (): void => this.reconcile();
    this.#unsubscribes = open.runtimes.map((runtime) => runtime.events({ ...deps.listener, gap }));
    this.#pulses = new Map(open.runtimes.map((runtime) => [runtime.kind, this.#pulseOf(runtime)]));
  }

  get runtimes(): readonly Runtime[] {
    return this.#open.runtimes;
  }

  isLost(kind: RuntimeKind): boolean {
    return this.#pulses.get(kind)?.state === 'lost';
  }

  /** Called before its rows go: whoever leads next must know that something may run there which has none. */
  async storeLost(): Promise<void> {
    const { connection, lostAt } = this.row;
    if (connection !== null && lostAt === null && this.runtimes.every(({ kind }) => this.isLost(kind)))
      await this.#write(this.#missing([]));
  }

  /** Why nothing runs there any more. */
  get lostWhy(): string {
    return this.#why;
  }

  capacity(kind: RuntimeKind): Capacity | null {
    return this.#capacities.get(kind) ?? null;
  }

  /**
   * Where what runs there reaches the platform, as it last said: an instance that was told wrong comes up all the same, and
   * nobody ever hears from it. Null: it never said.
   */
  callbackHost(kind: RuntimeKind): string | null {
    return this.#callbackHosts.get(kind) ?? this.row.callbackHost;
  }

  /**
   * As a plan sees it. One that was not asked yet is what it was when it was last seen. One runtime of several may be
   * lost for good (most machines without an engine never had one): the others go on.
   */
  view(): Host {
    const { id, runtimes, cordoned, draining, memoryMiB, devices, labels, declared, lostAt, lastSeenAt } = this.row;
    const answering = runtimes.filter((kind) => !this.isLost(kind) && !this.#unsorted.has(kind));
    const states = [...this.#pulses.values()].map(({ state }) => state);
    const lost = states.includes('alive')
      ? answering.length === 0
      : states.every((state) => state === 'lost') || lostAt !== null || lastSeenAt === null;
    return {
      id,
      runtimes: lost ? runtimes : answering.filter((kind) => (this.capacity(kind)?.refusal ?? null) === null),
      cordoned,
      draining,
      lost,
      memoryMiB,
      cpus: declared.cpus,
      devices,
      labels,
      images: this.#images,
    };
  }

  /** The newest of its row; an operator may have asked for a check, or said what it has. */
  heed(row: HostRow): void {
    const { declared } = this.row;
    this.row = row;
    if (JSON.stringify(row.declared) !== JSON.stringify(declared)) this.look();
    if (row.checkAskedAt !== null && row.checkAskedAt > (row.checkedAt ?? 0)) this.#checking.trigger();
  }

  reconcile(): void {
    this.#reconciling.trigger();
  }

  look(): void {
    this.#looking.trigger();
  }

  /** Resolves when what was triggered is done. */
  async settled(): Promise<void> {
    await this.#looking.idle();
    await this.#reconciling.idle();
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    for (const runtime of this.#open.runtimes) runtime.cut();
    await Promise.all([...this.#pulses.values()].map((pulse) => pulse.close()));
    await Promise.all([this.#reconciling.close(), this.#looking.close(), this.#checking.close()]);
  }

  #pulseOf(runtime: Runtime): Pulse {
    return new Pulse({
      clock: this.#deps.clock,
      ping: (signal) => runtime.ping(signal),
      answers: () => {
        this.reconcile();
        this.look();
      },
      lost: (why) => {
        this.#why = why;
        this.#unsorted.add(runtime.kind);
        runtime.cut();
        this.reconcile();
        this.look();
      },
    });
  }

  async #reconcile(): Promise<void> {
    const before = this.#unsorted.size;
    for (const kind of await this.#deps.reconcile(this)) this.#unsorted.delete(kind);
    if (this.#unsorted.size === before) return;
    this.#deps.changed();
    this.look();
  }

  /** Finds out what it offers, and writes what is new. */
  async #look(): Promise<void> {
    const { log, changed } = this.#deps;
    const before = this.#capacities;
    const asked = this.runtimes.filter(({ kind }) => !this.isLost(kind));
    const answers = await Promise.all(asked.map(async (runtime) => [runtime.kind, await this.#ask(runtime)] as const));
    this.#capacities = new Map(answers);
    for (const [kind, { available, callbackHost }] of answers)
      if (available) this.#callbackHosts.set(kind, callbackHost);
    for (const [kind, { available, note }] of answers) {
      if (before.get(kind)?.note !== note) log.info({ hostId: this.row.id, runtime: kind, available }, note);
    }
    const available = answers.filter(([, capacity]) => capacity.available);
    const findings = available.length > 0 ? await this.#found(available) : this.#missing(answers);
    await this.#write(findings);
    changed();
  }

  async #write(findings: Partial<HostFindings>): Promise<void> {
    const { hosts } = this.#deps.store;
    if (this.row.connection === null) await hosts.upsert({ ...this.row, ...findings });
    else await hosts.found(this.row.id, findings);
    this.row = { ...this.row, ...findings };
  }

  async #found(available: readonly (readonly [RuntimeKind, Capacity])[]): Promise<Partial<HostFindings>> {
    const { declared, connection } = this.row;
    const capacities = available.map(([, capacity]) => capacity);
    this.#images = (await Promise.all(this.runtimes.map((runtime) => this.#imagesOf(runtime)))).flat();
    const found = Math.max(...capacities.map(({ memoryMiB }) => memoryMiB));
    return {
      runtimes: available.map(([kind]) => kind),
      memoryMiB: declared.memoryMiB ?? found,
      devices: declared.devices ?? (await this.#open.devices()) ?? this.row.devices,
      runtimeNotes: this.#notes(),
      lastSeenAt: this.#deps.clock.now(),
      engineVersion: capacities.find(({ engineVersion }) => engineVersion !== null)?.engineVersion ?? null,
      callbackHost: connection === null ? null : (capacities[0]?.callbackHost ?? null),
      // Until what was lost there has been looked through it stays lost, for whoever leads next as well.
      ...(available.some(([kind]) => this.#unsorted.has(kind)) ? {} : { lostAt: null, lostWhy: null }),
    };
  }

  #missing(answers: readonly (readonly [RuntimeKind, Capacity])[]): Partial<HostFindings> {
    if (this.row.connection === null) return { runtimes: [], runtimeNotes: this.#notes() };
    const why = answers.map(([, { note }]) => note).join(' ') || this.#why;
    return { lostAt: this.row.lostAt ?? this.#deps.clock.now(), lostWhy: this.row.lostWhy ?? why };
  }

  #notes(): Record<string, string> {
    const notes = Object.fromEntries([...this.#capacities].map(([kind, { note }]) => [kind, note]));
    return { ...this.row.runtimeNotes, ...notes };
  }

  async #imagesOf(runtime: Runtime): Promise<readonly string[]> {
    if (this.capacity(runtime.kind)?.available !== true) return [];
    return runtime.images();
  }

  /** An answer that does not come is one, too. */
  async #ask(runtime: Runtime): Promise<Capacity> {
    const over = new AbortController();
    const late = pause(this.#deps.clock, LOOK_MS, over.signal).then(
      (): Capacity => ({
        available: false,
        refusal: null,
        note: `The ${runtime.kind} runtime gave no answer within ${LOOK_MS / 1000} s.`,
        memoryMiB: 0,
        callbackHost: '127.0.0.1',
        engineVersion: null,
      }),
    );
    try {
      return await Promise.race([runtime.capacity(), late]);
    } finally {
      over.abort();
    }
  }

  async #check(): Promise<void> {
    const { store, clock, changed } = this.#deps;
    const { id, checkAskedAt } = this.row;
    const checks = await this.#open.check(this.row);
    await store.hosts.checked(id, checks, Math.max(clock.now(), checkAskedAt ?? 0));
    this.look();
    changed();
  }

  async #patiently(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.log.warn({ hostId: this.row.id, why: messageOf(error) }, `${what} was cut short; it is repeated`);
    }
  }
}
