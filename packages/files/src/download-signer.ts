import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DownloadGrant, DownloadSigner } from './port.ts';

const UNIX_SECONDS = /^\d{1,12}$/;

/** `secret`: the Files API signing secret; whoever knows it can make download URLs. @throws RangeError for a short one */
export function createDownloadSigner(secret: string): DownloadSigner {
  if (secret.length < 16) throw new RangeError('the files signing secret has fewer than 16 characters');
  const sign = ({ owner, id, expiry }: DownloadGrant): string =>
    createHmac('sha256', secret).update(`${owner} ${id} ${expiry}`).digest('base64');

  return {
    sign,
    verify(grant, signature, nowSeconds) {
      if (!UNIX_SECONDS.test(grant.expiry) || nowSeconds >= Number(grant.expiry)) return false;
      const [given, expected] = [Buffer.from(signature), Buffer.from(sign(grant))];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
