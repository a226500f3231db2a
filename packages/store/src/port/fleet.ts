import type {
  BootPhase,
  Demand,
  Failure,
  Hardware,
  Host,
  Instance,
  InstanceEvent,
  Millis,
  PhaseStamps,
  PullProgress,
  RuntimeKind,
} from '@hearth/core';
import type { DeploymentRow, DeploymentStatusRow } from './deployments.ts';
import type { Page } from './page.ts';

// Hosts and instances are the scheduler's, hardware the api's, consumers the dispatcher's.

export interface HostRow extends Host {
  readonly name: string;
  /** What answered and why it is used, one sentence per runtime. */
  readonly runtimeNotes: Readonly<Record<string, string>>;
  readonly lastSeenAt: Millis;
}
export interface Hosts {
  upsert(host: HostRow): Promise<void>;
  list(): Promise<HostRow[]>;
  hardware(): Promise<Hardware[]>;
  putHardware(hardware: Hardware): Promise<void>;
}

export interface InstanceRow {
  readonly id: string;
  readonly deploymentId: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly hostId: string;
  readonly deviceIds: readonly string[];
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  readonly slots: number;
  readonly state: Instance['state'];
  readonly since: Millis;
  /** Why it was booted, or why it is leaving, in words. */
  readonly reason: string;
  /** Where its server listens, `http://host:port`; null until started. */
  readonly address: string | null;
  /** SHA-256 (hex) of the bearer token it reports with. */
  readonly callbackTokenHash: string;
  /** When each boot phase began. */
  readonly phases: Readonly<Partial<Record<BootPhase, Millis>>>;
  readonly failure: Failure | null;
  /** How far its pull is, or was; null where it pulls nothing. */
  readonly pull: PullProgress | null;
  readonly createdAt: Millis;
}
export interface Instances {
  insert(
    row: Omit<InstanceRow, 'state' | 'since' | 'address' | 'failure' | 'createdAt' | 'phases' | 'pull'> & {
      at: Millis;
    },
  ): Promise<InstanceRow>;
  /** Compare-and-set along the move table: null when it is not in `from` any more. */
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
  /** The boots of a deployment's newest instances that came up, at most `limit`. */
  recentBoots(deploymentId: string, limit: number): Promise<PhaseStamps[]>;
  /** Neither stopped nor failed. */
  live(): Promise<InstanceRow[]>;
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
    status: DeploymentStatusRow | null;
  })[];
  readonly instances: readonly (Instance & { slots: number; address: string | null })[];
  readonly hosts: readonly HostRow[];
  readonly hardware: readonly Hardware[];
}

/** The dispatcher's side of an instance. In-flight counts are derived from the predictions, not stored. */
export interface Consumers {
  attached(instanceId: string, at: Millis): Promise<void>;
  /** Coalesced by the caller: one statement for many instances. */
  used(rows: readonly { instanceId: string; lastUsedAt: Millis }[]): Promise<void>;
  /** The consumer is closed and holds nothing; it will never take work again. */
  intakeClosed(instanceId: string): Promise<void>;
  unhealthy(instanceId: string, why: string): Promise<void>;
}
