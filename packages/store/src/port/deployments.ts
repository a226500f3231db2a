import type { Demand, Failure, KeepAlive, Millis, PastRun, PhaseStamps } from '@hearth/core';
import type { VersionRow } from './catalogue.ts';
import type { InstanceRow } from './fleet.ts';
import type { InstanceAsk } from './history.ts';
import type { Page } from './page.ts';

// Deployments are the api's; their status is the scheduler's.

export interface DeploymentRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  /** Made by the platform for a bare version; not in the list of deployments, and named after its model. */
  readonly implicit: boolean;
  /** What its instances are booted for. `train`: the platform's own second deployment of a version that can be trained. */
  readonly mode: 'predict' | 'train';
  readonly modelId: string;
  /** `owner/name` of the model. */
  readonly model: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly keepAlive: KeepAlive;
  /** The number of its current release, which the row holds the content of. Counts from 1 and only rises. */
  readonly release: number;
  readonly releasedAt: Millis;
  /** Username. */
  readonly releasedBy: string;
  readonly createdAt: Millis;
}
export type DeploymentScale = Pick<
  DeploymentRow,
  'versionId' | 'hardwareSku' | 'minInstances' | 'maxInstances' | 'keepAlive'
>;

/** What a deployment was from one change to the next; the newest is what it is. */
export interface ReleaseRow extends DeploymentScale {
  readonly number: number;
  /** The earlier release whose content a rollback took; null where it was no rollback. */
  readonly restores: number | null;
  readonly createdAt: Millis;
  /** Username. */
  readonly createdBy: string;
}

/** Written by the scheduler after each cycle that changed it. */
export interface DeploymentStatusRow {
  readonly deploymentId: string;
  /** Why demand is not being met, as a word (`no-capacity`, `crash-loop`, …) and a sentence; null when it is. */
  readonly blockedReason: string | null;
  readonly blockedDetail: string | null;
  /** The last boot failure since the last good boot. */
  readonly failure: Failure | null;
  readonly consecutiveFailures: number;
  readonly retryAt: Millis | null;
  /** Waiting predictions created before this instant fail with `failure`: the dispatcher does it. */
  readonly failWaitingUntil: Millis | null;
}
export interface Deployments {
  /**
   * Its first release with it. `by`: username; the owner where it is left out.
   * @throws VersionGone when the version was removed meanwhile
   */
  insert(
    row: DeploymentScale & { owner: string; name: string; modelId: string; by?: string },
  ): Promise<DeploymentRow | 'taken'>;
  /**
   * The version's implicit deployment of a mode, made on first sight; safe to call at once from many places.
   * @throws VersionGone when the version was removed meanwhile
   */
  ensureImplicit(
    version: VersionRow,
    scale: Omit<DeploymentScale, 'versionId'>,
    mode?: DeploymentRow['mode'],
  ): Promise<DeploymentRow>;
  byName(owner: string, name: string): Promise<DeploymentRow | null>;
  get(id: string): Promise<DeploymentRow | null>;
  /** Explicit ones only. */
  list(page: Page & { owner?: string | undefined }): Promise<DeploymentRow[]>;
  /**
   * Makes a new release, also of the same content. `by`: username; the owner where it is left out.
   * @throws VersionGone when the version was removed meanwhile
   * @throws MinAboveMax where another change came in between, and the two do not go together
   */
  update(
    id: string,
    change: Partial<DeploymentScale>,
    release?: { by?: string; restores?: number },
  ): Promise<DeploymentRow | null>;
  /** Explicit deployments only: an implicit one has no history. */
  release(deploymentId: string, number: number): Promise<ReleaseRow | null>;
  /** Newest first; `before`: numbers below it. */
  releases(deploymentId: string, page: Page<number>): Promise<ReleaseRow[]>;
  /**
   * Refused (`false`) while it has unfinished predictions; its instances are drained by the scheduler, which sees them
   * without it. One that came in at the same moment is among `failing`.
   */
  remove(id: string): Promise<boolean>;
  /** api: until when one instance is to be there, whatever the minimum; null where the deployment is gone. */
  keepWarm(id: string, until: Millis | null): Promise<DeploymentRow | null>;
  /** The standing implicit ones of a model's versions. */
  implicitOf(modelId: string): Promise<DeploymentRow[]>;
  /** Removed ones, by id, that nothing runs for any more and whose queue is still to be cleared away. */
  queuesLeft(limit: number): Promise<string[]>;
  queueRemoved(id: string): Promise<void>;
  /** scheduler: upserts those given. */
  setStatus(rows: readonly DeploymentStatusRow[]): Promise<void>;
  status(id: string): Promise<DeploymentStatusRow | null>;
  /** scheduler: of these deployments, among the newest of each. Those that do not exist are left out. */
  recentWork(ids: readonly string[], limits: { readonly runs: number; readonly boots: number }): Promise<RecentWork[]>;
  /** Per deployment (explicit, and each model's newest implicit one or any with instances or demand): for /v1/status and `hearth ps`. */
  overview(): Promise<DeploymentOverview[]>;
  /** dispatcher: deployments whose waiting predictions must fail (`failWaitingUntil` set and predictions waiting before it). */
  failing(): Promise<DeploymentStatusRow[]>;
}
/** What the version and hardware that a deployment has now took lately, newest first. */
export interface RecentWork {
  readonly deploymentId: string;
  /** That succeeded. */
  readonly runs: readonly PastRun[];
  /** That came up. */
  readonly boots: readonly PhaseStamps[];
}
export interface DeploymentOverview {
  readonly deployment: DeploymentRow;
  readonly slots: number;
  readonly status: DeploymentStatusRow | null;
  readonly demand: Demand;
  /** Until when an operator wants one instance to be there; null or past: nobody asks for it. */
  readonly warmUntil: Millis | null;
  /** Live ones. */
  readonly instances: readonly (InstanceRow & {
    inFlight: number;
    lastUsedAt: Millis | null;
    unhealthy: string | null;
    /** What an operator asks of it. */
    ask: InstanceAsk | null;
    /** The newest release that it is an instance of: the deployment's current one, unless it is stale. */
    release: number;
  })[];
}
