import { pageQuerySchema, pageOf as pageSchema, webhookMessageSchema, webhookSecretSchema } from '@hearth/contract';
import { newWebhookSecret } from '@hearth/kit';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { own } from '../predictions/own.ts';
import { notFound } from '../problem.ts';
import { wireWebhookMessage } from '../wire-webhooks.ts';

const tags = ['webhooks'];
const MESSAGE_ID = /^msg_[0-9a-z]{26}$/;
/** So long the secret before the newest signs too, beside it. */
const PREVIOUS_SECRET_MS = 24 * 3_600_000;

/** What webhooks are signed with (contract §3). Ours: its change, what was sent for a prediction, and sending that again. */
export function webhookRoutes(app: App, context: Context): void {
  secretRoutes(app, context);
  messageRoutes(app, context);
}

function secretRoutes(app: App, { deps }: Context): void {
  const { accounts } = deps.store;
  const response = { 200: webhookSecretSchema };

  app.get('/webhooks/default/secret', { config: { needs: 'run' }, schema: { tags, response } }, async (request) => {
    const { account } = callerOf(request);
    const [key] = await accounts.webhookSecrets(account.id, newWebhookSecret);
    if (key === undefined) throw notFound(`Account ${account.username}`);
    return { key };
  });

  app.post(
    '/webhooks/default/secret/rotate',
    { config: { needs: 'admin', audit: 'webhook-secret.rotate' }, schema: { tags, response } },
    async (request) => {
      const key = newWebhookSecret();
      const { account } = callerOf(request);
      await accounts.rotateWebhookSecret(account.id, key, deps.now() + PREVIOUS_SECRET_MS);
      noteChange(request, { subject: account.username, owner: account.username });
      return { key };
    },
  );
}

function messageRoutes(app: App, { deps, urls }: Context): void {
  const { predictions, messages } = deps.store;
  const ownPrediction = async (id: string, caller: Identity) =>
    own(await predictions.get(id), `Prediction ${id}`, caller);

  app.get(
    '/predictions/:id/webhooks',
    {
      config: { needs: 'read' },
      schema: {
        tags,
        params: z.object({ id: z.string() }),
        querystring: pageQuerySchema,
        response: { 200: pageSchema(webhookMessageSchema) },
      },
    },
    async (request) => {
      const { id } = await ownPrediction(request.params.id, callerOf(request));
      const page = pageOf(request.query.cursor, MESSAGE_ID);
      const rows = await messages.list({ ...page, predictionId: id });
      return answerPage(rows, wireWebhookMessage, { urls, path: `/predictions/${id}/webhooks`, page });
    },
  );

  app.post(
    '/predictions/:id/webhooks/:message/resend',
    {
      config: { needs: 'run' },
      schema: {
        tags,
        params: z.object({ id: z.string(), message: z.string() }),
        response: { 202: webhookMessageSchema.omit({ tries: true }) },
      },
    },
    async (request, reply) => {
      const { id } = await ownPrediction(request.params.id, callerOf(request));
      const due = await messages.resend(id, request.params.message, deps.now());
      if (due === null) throw notFound(`Message ${request.params.message} of prediction ${id}`);
      deps.bus.poke('dispatcher');
      reply.code(202);
      return wireWebhookMessage({ ...due, log: [] });
    },
  );
}
