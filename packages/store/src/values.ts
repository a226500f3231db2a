import type { Millis } from '@hearth/core';
import { type RawBuilder, sql } from 'kysely';

/** A `timestamptz` parameter. */
export const at = (ms: Millis): Date => new Date(ms);
export const atOrNull = (ms: Millis | null | undefined): Date | null => (ms == null ? null : new Date(ms));

/** The same to compare with: columns of this type read as numbers. */
export const instant = (ms: Millis): RawBuilder<Millis> => sql`${new Date(ms)}::timestamptz`;

/** A `json` parameter. */
export const json = (value: unknown): string => JSON.stringify(value);
/** SQL null for null and undefined: a JSON `null` and no document are the same to this platform. */
export const jsonOrNull = (value: unknown): string | null => (value == null ? null : JSON.stringify(value));

/** A `text` parameter that a model or its log wrote: Postgres has no U+0000 in `text`, so it becomes U+FFFD. */
export const foreignText = (text: string): string => text.replaceAll('\0', '\ufffd');
/** The same of a `json` parameter, from within which Postgres can read neither U+0000 nor half of a surrogate pair. */
export const foreignJson = (value: unknown): string =>
  JSON.stringify(value, (_name, item: unknown) => (typeof item === 'string' ? foreignText(item.toWellFormed()) : item));
export const foreignTextOrNull = (text: string | null | undefined): string | null =>
  text == null ? null : foreignText(text);
