import { createHash } from 'node:crypto';
import { invalidField, Problem } from '../problem.ts';

/** A create that its caller may send again: clients repeat a POST whose connection broke (contract §5.1). */
export interface Repeatable {
  /** 1 to 255 visible ASCII characters, the caller's own. */
  readonly key: string;
  /** All that makes the request what it is, as JSON: under the same key it must be the same. */
  readonly request: unknown;
}

/** Reads `Idempotency-Key`; null: none. @throws Problem `invalid-request` */
export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = [header].flat().join(', ');
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  const shown = JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
  throw invalidField('Idempotency-Key', 'format', `${shown} is not 1 to 255 visible ASCII characters without spaces`);
}

/** SHA-256 in hex of a request, the same however its objects were ordered. */
export const requestHash = (request: unknown): string =>
  createHash('sha256').update(JSON.stringify(request, inOrder)).digest('hex');

const inOrder = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

export const keyReused = (key: string, predictionId: string): Problem =>
  new Problem(
    'idempotency-key-reused',
    `The Idempotency-Key ${JSON.stringify(key)} belongs to another request, which made ${predictionId}. ` +
      'Send the same request again, or another key.',
  );
