import type { Failure, KeepAlive, PooledGaps, UseHistory } from '@hearth/core';
import type { Generated } from 'kysely';
import type { DeploymentRow } from '../store.ts';
import type { Instant, InstantOrNull, Json, JsonOrNull } from './column-types.ts';

export interface DeploymentTables {
  deployments: {
    id: string;
    owner: string;
    name: string;
    implicit: boolean;
    mode: Generated<DeploymentRow['mode']>;
    model_id: string;
    model: DeploymentRow['model'];
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive: Json<KeepAlive>;
    release: number;
    released_at: Instant;
    released_by: string;
    created_at: Instant;
    removed_at: InstantOrNull;
    queue_removed_at: InstantOrNull;
    warm_until: InstantOrNull;
  };
  releases: {
    deployment_id: string;
    number: number;
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive: Json<KeepAlive>;
    restores: number | null;
    created_at: Instant;
    created_by: string;
  };
  deployment_status: {
    deployment_id: string;
    blocked_reason: string | null;
    blocked_detail: string | null;
    failure: JsonOrNull<Failure>;
    consecutive_failures: number;
    retry_at: InstantOrNull;
    fail_waiting_until: InstantOrNull;
  };
  use_histories: { deployment_id: string; history: Json<UseHistory>; expects: boolean };
  pooled_gaps: { singleton: Generated<boolean>; counts: Json<PooledGaps> };
}
