import { isDeepStrictEqual } from 'node:util';
import type { AuditChange } from '@hearth/store';

/** Long texts, such as a readme, are told by their beginnings. */
const LONGEST_TEXT = 200;
const SECRET = /(?:^|[._])(?:token|secret|password)$/;

/**
 * The fields that are others than before, by dotted path: of what is made all that are not null, of what is removed likewise.
 * Secrets are named and not shown.
 */
export function changesBetween(before: object | null, after: object | null): AuditChange[] {
  const [from, to] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...from.keys(), ...to.keys()])].toSorted().flatMap((field) => {
    const [was, is] = [from.get(field) ?? null, to.get(field) ?? null];
    return isDeepStrictEqual(was, is) ? [] : [{ field, before: shown(field, was), after: shown(field, is) }];
  });
}

/** By dotted path, lists as they are. */
export function fieldsOf(value: object | null, path = ''): Map<string, unknown> {
  return new Map(
    Object.entries(value ?? {}).flatMap(([name, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? [...fieldsOf(inner, `${path}${name}.`)]
        : [[`${path}${name}`, inner] as const],
    ),
  );
}

/** As the log has it: secrets by name only, long texts by their beginnings. */
export function shown(field: string, value: unknown): unknown {
  if (value === null) return null;
  if (SECRET.test(field)) return '[secret]';
  return typeof value === 'string' && value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}…` : value;
}
