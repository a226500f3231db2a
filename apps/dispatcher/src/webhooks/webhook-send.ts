import { createPredictionUrls, wirePrediction } from '@hearth/contract';
import { newWebhookSecret } from '@hearth/kit';
import type { PredictionRow, TryOutcome } from '@hearth/store';
import type { Context } from '../context.ts';
import { webhookHeaders } from './webhook-headers.ts';
import type { WebhookPost } from './webhook-post.ts';

export type WebhookContext = Pick<Context, 'store' | 'signer' | 'publicUrl' | 'log' | 'now' | 'timings'>;

/** One try at telling a message's URL of a prediction as it stands in `row`, which is what `GET /predictions/{id}` answers. */
export type WebhookSend = (
  message: { readonly id: string; readonly accountId: string; readonly url: string },
  row: PredictionRow,
  signal: AbortSignal,
) => Promise<TryOutcome>;

export function createWebhookSend({ store, signer, publicUrl, now }: WebhookContext, post: WebhookPost): WebhookSend {
  const urls = createPredictionUrls(publicUrl, (subject, expiresAt) => signer.sign(subject, expiresAt));
  return async ({ id, accountId, url }, row, signal) => {
    const secrets = await store.accounts.webhookSecrets(accountId, newWebhookSecret);
    if (secrets.length === 0) return neverSent('its account is gone, and with it the secret to sign with');
    const body = JSON.stringify(wirePrediction(row, urls));
    return post.send(url, webhookHeaders({ id, at: now(), body, secrets }), body, signal);
  };
}

export const neverSent = (error: string): TryOutcome => ({ statusCode: null, error, durationMs: 0, answer: null });
