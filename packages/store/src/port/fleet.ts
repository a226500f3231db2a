import type {
  BootPhase,
  Demand,
  Device,
  Failure,
  Hardware,
  Instance,
  InstanceEvent,
  MeasuredVram,
  Millis,
  PhaseStamps,
  PriceChange,
  PullProgress,
  RuntimeKind,
} from '@hearth/core';
import type { DeploymentRow, DeploymentStatusRow } from './deployments.ts';
import type { InstanceAsk } from './history.ts';
import type { Page } from './page.ts';

// Hosts and instances are the scheduler's, hardware the api's, consumers the dispatcher's.

/** How the engine of a host is reached. Paths are on the scheduler's machine: no key is ever in the store. */
export interface HostConnection {
  /** `tcp://host:port` or `ssh://user@host`. */
  readonly url: string;
  /** Files in PEM: what the engine's certificate is checked with, and the client's own pair. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  /** Beside what the SSH configuration of the scheduler's user says. */
  readonly ssh: { readonly identity: string | null; readonly knownHosts: string | null };
  /** Where its published ports are reached; null: the host of `url`. */
  readonly address: string | null;
  /** The address of the host that ports are published on; null: what `address` stands for. */
  readonly bindAddress: string | null;
  /** Under which address of this machine its containers reach it; null: the one on the way to the host. */
  readonly callbackHost: string | null;
}

/** What an operator says a host has; null: what is found there. */
export interface HostDeclared {
  readonly devices: readonly Device[] | null;
  readonly memoryMiB: number | null;
  /** Cores, each promised to one instance; null: they are shared, and no placement asks. */
  readonly cpus: number | null;
}

/** One thing that a host was checked for, in a word, with a sentence and, where it is not `ok`, what to do about it. */
export interface HostCheck {
  readonly name: 'engine' | 'version' | 'clock' | 'gpus' | 'isolation' | 'disk' | 'callback' | 'port';
  readonly status: 'ok' | 'warning' | 'failed' | 'unchecked';
  readonly detail: string;
  readonly remedy: string | null;
}

/** api: what an operator says of a host. */
export interface HostSettings {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: the machine that the scheduler runs on. */
  readonly connection: HostConnection | null;
  readonly declared: HostDeclared;
  readonly cordoned: boolean;
  readonly draining: boolean;
}

/** scheduler: what it found. */
export interface HostFindings {
  readonly runtimes: readonly RuntimeKind[];
  readonly memoryMiB: number;
  readonly devices: readonly Device[];
  /** What answered and why it is used, one sentence per runtime. */
  readonly runtimeNotes: Readonly<Record<string, string>>;
  /** Null: never. */
  readonly lastSeenAt: Millis | null;
  readonly engineVersion: string | null;
  /** Since when its engine has not answered, and what was seen instead; null while it does. */
  readonly lostAt: Millis | null;
  readonly lostWhy: string | null;
  /** Under which address its containers reach this machine; null: not known, or this machine itself. */
  readonly callbackHost: string | null;
}

export interface HostRow extends HostSettings, HostFindings {
  readonly id: string;
  readonly createdAt: Millis;
  /** api: when a check was last asked for. */
  readonly checkAskedAt: Millis | null;
  /** scheduler: what the last check found. */
  readonly checks: readonly HostCheck[];
  readonly checkedAt: Millis | null;
}
/** A price as it was set. */
export interface SetPrice extends PriceChange {
  readonly setAt: Millis;
  /** A username; null: the platform itself. */
  readonly setBy: string | null;
}
export interface Hosts {
  /** api: a new host, which is checked at once; one that was removed may come again. */
  add(id: string, settings: HostSettings, at: Millis): Promise<HostRow | 'taken'>;
  /** api: null where there is none. */
  change(id: string, settings: Partial<HostSettings>): Promise<HostRow | null>;
  /** api */
  askCheck(id: string, at: Millis): Promise<HostRow | null>;
  /** api: false where there is none, or where it runs something and `force` is not given. */
  remove(id: string, at: Millis, force: boolean): Promise<boolean>;
  /** scheduler: what this machine offers. */
  upsert(host: Partial<HostFindings> & Pick<HostRow, 'id' | 'name'>): Promise<void>;
  /** scheduler: what another machine offers. Where it was removed meanwhile, nothing. */
  found(id: string, findings: Partial<HostFindings>): Promise<void>;
  /** scheduler */
  checked(id: string, checks: readonly HostCheck[], at: Millis): Promise<void>;
  get(id: string): Promise<HostRow | null>;
  /** All that were not removed. */
  list(): Promise<HostRow[]>;
  hardware(): Promise<Hardware[]>;
  /**
   * api: with its price, where that is another than the one that will be in force: from `from` on, or as soon as everybody
   * who bills can know it (core's `PRICE_LEAD_MS`). The first price of a SKU holds from ever on. `setBy`: a username.
   */
  putHardware(hardware: Hardware, price?: { at?: Millis; from?: Millis; setBy?: string }): Promise<void>;
  /** All prices that each SKU had, has and will have, as core's `priceAt` wants them. */
  prices(): Promise<ReadonlyMap<string, readonly PriceChange[]>>;
  /** What was ever set for a SKU, the newest first. */
  priceHistory(sku: string): Promise<SetPrice[]>;
  /** api: what keeps it from being removed, in words; of a SKU that there is none of, null. */
  removeHardware(sku: string): Promise<{ readonly removed: boolean; readonly usedBy: readonly string[] } | null>;
}

export interface InstanceRow {
  readonly id: string;
  readonly deploymentId: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly hostId: string;
  readonly deviceIds: readonly string[];
  /** Memory that it holds of its one GPU; 0: it holds its GPUs whole. */
  readonly gpuShareMiB: number;
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly slots: number;
  readonly state: Instance['state'];
  readonly since: Millis;
  /** Why it was booted, or why it is leaving, in words. */
  readonly reason: string;
  /** Where its server listens, `http://host:port`; null until started. */
  readonly address: string | null;
  /** SHA-256 (hex) of the bearer token it reports with. */
  readonly callbackTokenHash: string;
  /** Under which address its server reaches the dispatcher; null: the dispatcher's own choice for this machine. */
  readonly callbackHost: string | null;
  /** When each boot phase began. */
  readonly phases: Readonly<Partial<Record<BootPhase, Millis>>>;
  readonly failure: Failure | null;
  /** How far its pull is, or was; null where it pulls nothing. */
  readonly pull: PullProgress | null;
  readonly createdAt: Millis;
}
export interface Instances {
  insert(
    row: Omit<
      InstanceRow,
      | 'state'
      | 'since'
      | 'address'
      | 'callbackHost'
      | 'gpuShareMiB'
      | 'cpus'
      | 'failure'
      | 'createdAt'
      | 'phases'
      | 'pull'
    > & { callbackHost?: string | null; gpuShareMiB?: number; cpus?: number; at: Millis },
  ): Promise<InstanceRow>;
  /**
   * Compare-and-set along the move table: null when it is not in `from` any more. Nor does one return whose intake the
   * dispatcher has closed for good.
   */
  move(
    id: string,
    from: InstanceRow['state'],
    event: InstanceEvent,
    change: { at: Millis; reason?: string; address?: string; failure?: Failure },
  ): Promise<InstanceRow | null>;
  /** Stamps a phase of a booting instance (and its address once known). */
  stampPhase(id: string, phase: BootPhase, at: Millis, address?: string): Promise<boolean>;
  /** scheduler: how far the pull of a booting instance is. */
  pulled(id: string, progress: PullProgress): Promise<void>;
  get(id: string): Promise<InstanceRow | null>;
  /** api: what an operator (a username) asks of a live instance; the newest counts. False where it has ended. */
  ask(id: string, ask: InstanceAsk, askedBy: string, at: Millis): Promise<boolean>;
  /** scheduler: what an instance of it was seen to hold of one GPU; the most is kept. */
  sawVram(versionId: string, mode: DeploymentRow['mode'], seen: MeasuredVram): Promise<void>;
  /** The boots of a deployment's newest instances that came up, at most `limit`. */
  recentBoots(deploymentId: string, limit: number): Promise<PhaseStamps[]>;
  /** Neither stopped nor failed; of one host, or of all. */
  live(hostId?: string): Promise<InstanceRow[]>;
  list(
    page: Page & { deploymentId?: string | undefined; live?: boolean | undefined },
  ): Promise<(InstanceRow & { inFlight: number; lastUsedAt: Millis | null })[]>;
  /** scheduler: everything one cycle looks at, read in one consistent snapshot. Deployments: those with demand, a minimum, live instances or a status to clear. */
  observe(): Promise<Observation>;
}
export interface Observation {
  readonly deployments: readonly (DeploymentRow & {
    demand: Demand;
    slots: number;
    runtime: RuntimeKind;
    /** The image that its version is pinned to; null where it runs as a process. */
    image: string | null;
    measuredVram: MeasuredVram | null;
    status: DeploymentStatusRow | null;
    /** Until when one instance is to be there, whatever the minimum; null or past: nobody asks for it. */
    warmUntil: Millis | null;
  })[];
  readonly instances: readonly (Instance & {
    slots: number;
    address: string | null;
    /** What an operator asks of it, and who. */
    ask: InstanceAsk | null;
    askedBy: string | null;
  })[];
  readonly hosts: readonly HostRow[];
  readonly hardware: readonly Hardware[];
}

/** The dispatcher's side of an instance. In-flight counts are derived from the predictions, not stored. */
export interface Consumers {
  attached(instanceId: string, at: Millis): Promise<void>;
  /**
   * Coalesced by the caller: one statement for many instances. `taken`: every run in progress that the instance's container
   * is known to have taken, as `<prediction>-<attempt>`.
   */
  used(rows: readonly { instanceId: string; lastUsedAt: Millis; taken: readonly string[] }[]): Promise<void>;
  /** What was last said to be taken by any of these instances. */
  takenBy(instanceIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The consumer is closed and holds nothing; it will never take work again. */
  intakeClosed(instanceId: string): Promise<void>;
  unhealthy(instanceId: string, why: string): Promise<void>;
}
