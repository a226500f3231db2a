import type { Millis } from '@hearth/core';
import type { ColumnType } from 'kysely';

/** Read as epoch milliseconds, written as a Date: the type keeps a bare number out of a `timestamptz`. */
export type Instant = ColumnType<Millis, Date, Date>;
export type InstantOrNull = ColumnType<Millis | null, Date | null | undefined, Date | null>;
/** A `json` or `jsonb` column: read parsed, written as text, because pg would send an array as a Postgres array. */
export type Json<T> = ColumnType<T, string, string>;
export type JsonDefaulted<T> = ColumnType<T, string | undefined, string>;
export type JsonOrNull<T> = ColumnType<T | null, string | null | undefined, string | null>;
