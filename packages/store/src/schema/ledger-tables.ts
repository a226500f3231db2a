import type { Hardware, LedgerRecord, TerminalStatus } from '@hearth/core';
import type { ColumnType, Generated } from 'kysely';
import type { Instant, Json } from './column-types.ts';

export interface LedgerTables {
  skus: {
    sku: string;
    name: string;
    gpus: number;
    vram_mib: number;
    cpus: number;
    memory_mib: number;
    gpu_share_mib: number;
    gpu_type: string | null;
    labels: Json<Record<string, string>>;
    fallback: string[];
  };
  /** A view: the SKUs, each with its price. */
  hardware: LedgerTables['skus'] & {
    price_micros_per_second: ColumnType<Hardware['priceMicrosPerSecond'], never, never>;
  };
  hardware_prices: {
    id: ColumnType<number, never, never>;
    sku: string;
    price_micros_per_second: number;
    effective_from: Instant;
    set_at: Instant;
    set_by: string | null;
  };
  budgets: {
    id: string;
    account_id: string;
    token_id: string | null;
    day_limit_micros: number | null;
    month_limit_micros: number | null;
    max_in_flight: number | null;
    creates_per_minute: number | null;
    counts: ColumnType<boolean, never, never>;
    held_micros: Generated<number>;
    in_flight: Generated<number>;
    /** Dates. Read and written as text, `2026-01-31`. */
    day: string;
    day_spent_micros: Generated<number>;
    month: string;
    month_spent_micros: Generated<number>;
  };
  usage_records: {
    id: string;
    prediction_id: string;
    attempt: number;
    account_id: string;
    model: string;
    version_id: string;
    deployment_id: string;
    hardware_sku: string;
    predict_microseconds: number;
    price_micros_per_second: number;
    cost_micros: number;
    /** Null of a correction. */
    status: TerminalStatus | null;
    at: Instant;
    kind: Generated<LedgerRecord['kind']>;
    corrects: string | null;
    reason: string | null;
    made_by: string | null;
  };
}
