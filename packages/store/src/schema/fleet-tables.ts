import type { BootPhase, Device, Failure, InstanceState, Millis, PullProgress, RuntimeKind, Span } from '@hearth/core';
import type { ColumnType, Generated } from 'kysely';
import type { DeploymentRow, HostCheck, HostConnection, HostDeclared, InstanceAsk } from '../store.ts';
import type { Instant, InstantOrNull, Json, JsonDefaulted, JsonOrNull } from './column-types.ts';

export interface FleetTables {
  hosts: {
    id: string;
    name: string;
    runtimes: Generated<RuntimeKind[]>;
    cordoned: Generated<boolean>;
    memory_mib: Generated<number>;
    devices: JsonDefaulted<Device[]>;
    runtime_notes: JsonDefaulted<Record<string, string>>;
    last_seen_at: InstantOrNull;
    labels: JsonDefaulted<Record<string, string>>;
    connection: JsonOrNull<HostConnection>;
    declared: JsonDefaulted<HostDeclared>;
    draining: Generated<boolean>;
    check_asked_at: InstantOrNull;
    created_at: ColumnType<Millis, Date | undefined, Date>;
    removed_at: InstantOrNull;
    engine_version: string | null;
    lost_at: InstantOrNull;
    lost_why: string | null;
    callback_host: string | null;
    checks: JsonDefaulted<HostCheck[]>;
    checked_at: InstantOrNull;
  };
  host_images: {
    host_id: string;
    image: string;
    size_bytes: number;
    fetched_at: Instant;
  };
  instances: {
    id: string;
    deployment_id: string;
    version_id: string;
    hardware_sku: string;
    host_id: string;
    device_ids: string[];
    runtime: RuntimeKind;
    memory_mib: number;
    slots: number;
    state: InstanceState;
    since: Instant;
    reason: string;
    address: string | null;
    callback_token_hash: string;
    callback_host: string | null;
    phases: Json<Partial<Record<BootPhase, Millis>>>;
    failure: JsonOrNull<Failure>;
    pull: JsonOrNull<PullProgress>;
    created_at: Instant;
    gpu_share_mib: Generated<number>;
    cpus: Generated<number>;
    moves: JsonDefaulted<Partial<Record<InstanceState, Millis>>>;
  };
  instance_asks: {
    instance_id: string;
    ask: InstanceAsk;
    asked_by: string;
    asked_at: Instant;
  };
  instance_busy: {
    instance_id: string;
    /** A date. Read and written as text, `2026-01-31`. */
    day: string;
    busy_ms: number;
    spans: Json<readonly Span[]>;
  };
  measured_vram: {
    version_id: string;
    mode: DeploymentRow['mode'];
    used_mib: number;
    of_mib: number;
  };
  consumers: {
    instance_id: string;
    attached_at: InstantOrNull;
    last_used_at: InstantOrNull;
    intake_closed: Generated<boolean>;
    unhealthy: string | null;
    taken: Generated<readonly string[]>;
  };
}
