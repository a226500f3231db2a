import { createHmac } from 'node:crypto';
import type { Millis } from '@hearth/core';

export interface SignedTry {
  /** The same over all tries at a message. */
  readonly id: string;
  /** When this try is made. */
  readonly at: Millis;
  readonly body: string;
  /** `whsec_…`, newest first: each signs, so that a receiver may know either while they change. */
  readonly secrets: readonly string[];
}

/** The headers of one try, signed as Standard Webhooks says: HMAC-SHA256 over `<id>.<Unix seconds>.<body>` (contract §3). */
export function webhookHeaders({ id, at, body, secrets }: SignedTry): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', keyOf(secret)).update(signed).digest('base64')}`,
  );
  return {
    'content-type': 'application/json',
    'user-agent': 'hearth-webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

const keyOf = (secret: string): Buffer => Buffer.from(secret.slice('whsec_'.length), 'base64');
