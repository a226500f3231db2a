import type { RuntimeKind } from '@hearth/core';
import type { ColumnType, Generated, RawBuilder } from 'kysely';
import type { ImportResult, ImportRow, ModelRow, VersionSource } from '../store.ts';
import type { Instant, InstantOrNull, Json, JsonOrNull } from './column-types.ts';

export interface CatalogueTables {
  models: {
    id: string;
    owner: string;
    name: string;
    description: string | null;
    visibility: ModelRow['visibility'];
    hardware_sku: string;
    github_url: string | null;
    paper_url: string | null;
    license_url: string | null;
    cover_image_url: string | null;
    created_at: Instant;
    readme: string | null;
    weights_url: string | null;
    runs: Generated<number>;
    runs_until: Generated<string>;
    removed_at: InstantOrNull;
    /** A tsvector. */
    search: ColumnType<string, never, never>;
  };
  versions: {
    id: string;
    seq: ColumnType<number, never, RawBuilder<number>>;
    model_id: string;
    source: Json<VersionSource>;
    runtime: RuntimeKind;
    openapi_schema: Json<Record<string, unknown>>;
    cog_version: string;
    slots: number;
    base_version_id: string | null;
    weights_file_id: string | null;
    created_at: Instant;
    removed_at: InstantOrNull;
  };
  imports: {
    id: string;
    model_id: string;
    source: Json<VersionSource>;
    state: ImportRow['state'];
    result: JsonOrNull<ImportResult>;
    error: string | null;
    created_at: Instant;
  };
  model_examples: {
    model_id: string;
    prediction_id: string;
    seq: ColumnType<number, never, never>;
    is_default: boolean;
    created_at: Instant;
  };
  collections: {
    id: string;
    slug: string;
    name: string;
    description: string;
    full_description: string | null;
    created_at: Instant;
  };
  collection_models: { collection_id: string; model_id: string; place: number };
}
