import type { PredictionFilters } from '@hearth/contract';

export const STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const;
export const SOURCES = ['web', 'api'] as const;
/** How far back, in words that stay true when the address is opened tomorrow. */
export const SPANS = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000, month: 30 * 86_400_000 } as const;
export type Span = keyof typeof SPANS;

/** What the list's address holds. */
export interface Filters {
  readonly status?: (typeof STATUSES)[number];
  readonly source?: (typeof SOURCES)[number];
  readonly model?: string;
  readonly deployment?: string;
  readonly since?: Span;
}

const REFERENCE = /^[a-z0-9][\w.-]*\/[a-z0-9][\w.-]*$/i;

/** What of an address is none is left aside. */
export function readFilters(search: Record<string, unknown>): Filters {
  const among = <Word extends string>(words: readonly Word[], value: unknown) => words.find((word) => word === value);
  const reference = (value: unknown) => (typeof value === 'string' && REFERENCE.test(value) ? value : undefined);
  return withoutUnset({
    status: among(STATUSES, search.status),
    source: among(SOURCES, search.source),
    model: reference(search.model),
    deployment: reference(search.deployment),
    since: among(Object.keys(SPANS) as Span[], search.since),
  });
}

/** The same as the API asks for it. Spans begin at a full minute, so that one list is asked for and not one a millisecond. */
export function askedFor({ since, ...filters }: Filters, now: number): PredictionFilters {
  if (since === undefined) return filters;
  const from = Math.floor((now - SPANS[since]) / 60_000) * 60_000;
  return { ...filters, created_after: new Date(from).toISOString() };
}

/** With one of them changed; undefined or an empty text takes it away. */
export const withFilter = <Name extends keyof Filters>(
  filters: Filters,
  name: Name,
  value: Filters[Name] | '' | undefined,
): Filters => withoutUnset({ ...filters, [name]: value === '' ? undefined : value });

function withoutUnset(values: { [Name in keyof Filters]: Filters[Name] | undefined }): Filters {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
