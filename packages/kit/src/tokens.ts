import { createHash, randomBytes } from 'node:crypto';

/** A bearer token: `hth_` and 40 url-safe characters (240 random bits). Stored only as its hash. */
export const newToken = (): string => `hth_${randomBytes(30).toString('base64url')}`;

/** SHA-256 in hex. A plain hash is enough because tokens are random, not chosen by people. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Random bytes in base64url, for keys. */
export const newSecret = (bytes = 32): string => randomBytes(bytes).toString('base64url');

/**
 * A secret that webhooks are signed with, as Standard Webhooks writes it. The alphabet is base64's standard one: clients
 * split the text at `_` and decode the rest, so base64url breaks them (contract §0.17). 24 bytes need no padding.
 */
export const newWebhookSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;
