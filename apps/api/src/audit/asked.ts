import type { AuditEntry } from '@hearth/store';
import { fieldsOf, shown } from './changes.ts';

/** What a model or its command is given, and where its results go: callers put secrets there, so only that there was one is kept. */
const KEPT_BY_NAME = ['input', 'env', 'command', 'webhook', 'webhook_completed'];
const NOT_KEPT = '[not kept]';

/** What the entry of a request says of whose thing it is about, and of what is to become of it. `body`: as validated, or null. */
export function askedIn(params: unknown, body: unknown): Pick<AuditEntry, 'owner' | 'asked'> {
  const said = objectOf(body);
  const hidden = KEPT_BY_NAME.filter((name) => said[name] != null).map((name) => [name, NOT_KEPT] as const);
  const fields = [...fieldsOf({ ...said, ...Object.fromEntries(hidden) })].filter(([, value]) => value !== undefined);
  return {
    owner: ownerIn({ ...said, ...objectOf(params) }),
    asked:
      fields.length === 0 ? null : Object.fromEntries(fields.map(([field, value]) => [field, shown(field, value)])),
  };
}

/** A training makes a version of its destination; every other request names an account, or a thing by its owner. */
function ownerIn({ destination, username, owner }: Readonly<Record<string, unknown>>): string | null {
  const [ofDestination] = typeof destination === 'string' ? destination.split('/') : [];
  const named = ofDestination ?? username ?? owner;
  return typeof named === 'string' ? named : null;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
