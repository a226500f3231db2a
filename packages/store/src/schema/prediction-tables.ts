import type { PredictionStatus, WebhookEvent } from '@hearth/core';
import type { ColumnType, Generated } from 'kysely';
import type { FileRow, MessageRow, PredictionRow, SealedInput } from '../store.ts';
import type { Instant, InstantOrNull, Json, JsonOrNull } from './column-types.ts';

export interface PredictionTables {
  predictions: {
    id: string;
    account_id: string;
    model: string;
    version_id: string;
    deployment_id: string;
    deployment: string | null;
    hardware_sku: string;
    status: Generated<PredictionStatus>;
    attempt: Generated<number>;
    lost_attempts: Generated<number>;
    instance_id: string | null;
    input: Json<Record<string, unknown>>;
    output: JsonOrNull<unknown>;
    error: string | null;
    logs: Generated<string>;
    metrics: JsonOrNull<Record<string, unknown>>;
    source: PredictionRow['source'];
    webhook: string | null;
    webhook_events_filter: string[] | null;
    created_at: Instant;
    started_at: InstantOrNull;
    completed_at: InstantOrNull;
    deadline_at: InstantOrNull;
    cancel_requested_at: InstantOrNull;
    kind: Generated<PredictionRow['kind']>;
    destination: string | null;
    data_removed_at: InstantOrNull;
    idempotency_key: string | null;
    request_hash: string | null;
    streams_files: Generated<boolean>;
    /** Only ever read in SQL: it exceeds what a JavaScript number holds. */
    turn: Generated<string>;
    priority: Generated<number>;
    held: Generated<boolean>;
    token_id: string | null;
    hold_micros: Generated<number>;
  };
  sealed_inputs: {
    prediction_id: string;
    sealed: Json<SealedInput>;
    created_at: Instant;
  };
  files: {
    id: string;
    account_id: string | null;
    kind: FileRow['kind'];
    prediction_id: string | null;
    name: string;
    content_type: string;
    size_bytes: number;
    md5: string;
    sha256: string;
    metadata: Json<Record<string, unknown>>;
    created_at: Instant;
    expires_at: InstantOrNull;
  };
  messages: {
    id: string;
    prediction_id: string;
    account_id: string;
    event: WebhookEvent;
    url: string;
    receiver: ColumnType<string, never, never>;
    state: MessageRow['state'];
    tries: Generated<number>;
    first_tried_at: InstantOrNull;
    next_try_at: InstantOrNull;
    claimed_until: InstantOrNull;
    created_at: Instant;
  };
  message_tries: {
    message_id: string;
    n: number;
    at: Instant;
    status_code: number | null;
    error: string | null;
    duration_ms: number | null;
    answer: string | null;
  };
}
