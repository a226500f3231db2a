import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Signer } from './port.ts';

/** `secret` is the installation's signing key; whoever knows it can make URLs. */
export function createSigner(secret: string): Signer {
  if (secret.length < 16) throw new RangeError('the signing secret has fewer than 16 characters');
  const mac = (id: string, expiresAtSeconds: number): string =>
    createHmac('sha256', secret).update(`${id}\n${expiresAtSeconds}`).digest('base64url');

  return {
    sign: (id, expiresAtSeconds) => `${expiresAtSeconds}.${mac(id, expiresAtSeconds)}`,
    verify(id, signature, nowSeconds) {
      const [, expiry, given] = /^(\d{1,15})\.([\w-]{43})$/.exec(signature) ?? [];
      if (expiry === undefined || given === undefined) return false;
      const expected = mac(id, Number(expiry));
      return timingSafeEqual(Buffer.from(given), Buffer.from(expected)) && nowSeconds < Number(expiry);
    },
  };
}
