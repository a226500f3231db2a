import type { BusyDay, InstanceState, Millis, PhaseStamps, Span } from '@hearth/core';
import type { InstanceRow } from './fleet.ts';

// What there was, for timelines and charts. When instances were busy is the dispatcher's; the rest is read from what others write.

/** What an operator may ask of an instance: to take nothing more and go, or to go at once. */
export type InstanceAsk = 'drain' | 'stop';

/** An instance from its beginning to its end, or to now. */
export interface InstanceLife
  extends Pick<
    InstanceRow,
    'id' | 'deploymentId' | 'versionId' | 'hardwareSku' | 'hostId' | 'deviceIds' | 'gpuShareMiB' | 'createdAt'
  > {
  readonly state: InstanceState;
  readonly since: Millis;
  readonly reason: string;
  readonly phases: PhaseStamps;
  /** When it entered each state after `booting`; of one older than this record, what is known. */
  readonly moves: Readonly<Partial<Record<InstanceState, Millis>>>;
  /** Why it failed, in a sentence. */
  readonly failure: string | null;
  readonly busy: readonly Span[];
}

/** What the instances of a deployment did with a day, in milliseconds; in `gpu` each counts as often as it holds GPUs. */
export interface InstanceTime {
  readonly booting: number;
  readonly busy: number;
  readonly idle: number;
  /** Draining and stopping, without what it was busy meanwhile. */
  readonly leaving: number;
}

export interface DeploymentDay {
  /** `2026-01-31`, in UTC. */
  readonly day: string;
  readonly deploymentId: string;
  readonly time: InstanceTime;
  readonly gpu: InstanceTime;
  /** What time without a prediction would have brought at the price of its hardware. */
  readonly idleMicros: number;
  readonly bootingMicros: number;
  readonly predictions: number;
  readonly billedMicroseconds: number;
  readonly costMicros: number;
}

/** What ended in a step of time, what that took in milliseconds, and the most that waited at once. */
export interface MetricsStep {
  readonly at: Millis;
  readonly succeeded: number;
  readonly failed: number;
  readonly canceled: number;
  /** Of those that ran, of any end; null of none. */
  readonly runMs: { readonly p50: number; readonly p95: number } | null;
  /** From the request to the start of the last attempt. */
  readonly waitMs: { readonly p50: number; readonly p95: number } | null;
  readonly queuePeak: number;
}

export interface History {
  /** dispatcher: when instances held predictions; told again, a span adds nothing. Of instances that are gone, nothing. */
  addBusy(spans: readonly { readonly instanceId: string; readonly span: Span }[]): Promise<void>;
  /** dispatcher's sweep: forgets the busy days before an instant; answers how many there were, at most `limit`. */
  removeBusyBefore(at: Millis, limit: number): Promise<number>;
  busyOn(instanceId: string, day: string): Promise<BusyDay | null>;
  /** Of instances that lived in [from, until), the newest ones first. */
  lives(query: {
    from: Millis;
    until: Millis;
    deploymentId?: string | undefined;
    limit: number;
  }): Promise<InstanceLife[]>;
  /** By day and deployment over [from, until), where there was anything. `owner`: of their deployments only. */
  days(query: { from: Millis; until: Millis; now: Millis; owner?: string | undefined }): Promise<DeploymentDay[]>;
  /** Steps of `stepMs` over [from, until), each of them, in order. */
  metrics(query: { deploymentId: string; from: Millis; until: Millis; stepMs: number }): Promise<MetricsStep[]>;
}
