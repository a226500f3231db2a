import type { Signer } from '@hearth/files';

/** Keeps the address that a container got for one prediction's reports from being of use for any other. */
export const reportSubject = (cogId: string): string => `report:${cogId}`;
/** Past any run and its retries. */
const REPORT_URL_LIFETIME_S = 30 * 24 * 3600;

/**
 * Where a container reports on one prediction. The key is for servers of somebody's own, which need not know of
 * `WEBHOOK_AUTH_TOKEN`: only the container was told this address.
 */
export function reportUrl(base: string, instanceId: string, cogId: string, signer: Signer, nowSeconds: number): string {
  const key = signer.sign(reportSubject(cogId), nowSeconds + REPORT_URL_LIFETIME_S);
  return `${base}/reports/${instanceId}/${cogId}?key=${key}`;
}
