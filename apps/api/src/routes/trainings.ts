import { pageQuerySchema, pageOf as pageSchema, trainingBodySchema, trainingSchema } from '@hearth/contract';
import type { PredictionRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity, mayChange } from '../plugins/auth.ts';
import { cancelPrediction } from '../predictions/cancel.ts';
import { createPrediction } from '../predictions/create.ts';
import { readIdempotencyKey } from '../predictions/idempotency.ts';
import { own } from '../predictions/own.ts';
import { readCancelAfter } from '../predictions/request-headers.ts';
import { Problem } from '../problem.ts';
import { wireTraining } from '../wire.ts';

const tags = ['trainings'];
const idParams = z.object({ id: z.string() });
const versionParams = z.object({ owner: z.string(), name: z.string(), id: z.string() });
const headers = z.looseObject({
  'cancel-after': z.string().optional().describe('a duration of 5 s or more; then the training is canceled'),
  'idempotency-key': z.string().optional().describe('the same key and request make one training, for 24 hours'),
});

/** Trainings: predictions on a version's train mode, each making a version of its destination. Contract §1.11. */
export function trainingRoutes(app: App, context: Context): void {
  const { deps, urls, targets, waitingOf } = context;
  const { predictions } = deps.store;

  app.post(
    '/models/:owner/:name/versions/:id/trainings',
    {
      config: { needs: 'deploy', audit: 'trainings.create' },
      schema: { tags, headers, params: versionParams, body: trainingBodySchema, response: { 201: trainingSchema } },
    },
    async (request, reply) => {
      const { owner, name, id } = request.params;
      const { destination, ...body } = request.body;
      const caller = callerOf(request);
      const target = await targets.byTraining(owner, name, id, caller);
      await checkDestination(context, destination, caller);
      const cancelAfterMs = readCancelAfter(request.headers['cancel-after']);
      const key = readIdempotencyKey(request.headers['idempotency-key']);
      const asked = { route: request.routeOptions.url, params: request.params, body: request.body, cancelAfterMs };
      const made = await createPrediction(deps, {
        target,
        caller,
        body,
        destination,
        cancelAfterMs,
        held: false,
        repeatable: key === null ? null : { key, request: asked },
      });
      const after = { model: made.model, version: made.versionId, destination };
      noteChange(request, { subject: made.id, owner: caller.account.username, after });
      reply.code(201).header('location', urls.api(`/trainings/${made.id}`));
      return wireTraining(made, urls, await waitingOf(made));
    },
  );

  app.get(
    '/trainings',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: pageQuerySchema, response: { 200: pageSchema(trainingSchema) } },
    },
    async (request) => {
      const accountId = callerOf(request).account.id;
      const page = pageOf(request.query.cursor);
      const rows = await predictions.list({ ...page, accountId, kind: 'training' });
      return answerPage(rows, (row) => wireTraining(row, urls), { urls, path: '/trainings', page });
    },
  );

  const found = async (request: FastifyRequest, id: string): Promise<PredictionRow> => {
    const row = await predictions.get(id);
    return own(row?.kind === 'training' ? row : null, `Training ${id}`, callerOf(request));
  };

  app.get(
    '/trainings/:id',
    { config: { needs: 'read' }, schema: { tags, params: idParams, response: { 200: trainingSchema } } },
    async (request) => {
      const row = await found(request, request.params.id);
      return wireTraining(row, urls, await waitingOf(row));
    },
  );

  app.post(
    '/trainings/:id/cancel',
    { config: { needs: 'run' }, schema: { tags, params: idParams, response: { 200: trainingSchema } } },
    async (request, reply) => {
      const row = await found(request, request.params.id);
      return wireTraining(await cancelPrediction(context, row, reply), urls);
    },
  );
}

/** What the caller may not change is as if it were not there; Replicate's own words. @throws Problem `not-found` */
async function checkDestination({ targets }: Context, destination: string, caller: Identity): Promise<void> {
  const [owner = '', name = '', ...more] = destination.split('/');
  const model = more.length > 0 ? null : await targets.model(owner, name);
  if (model === null || !mayChange(caller, model))
    throw new Problem('not-found', 'The specified training destination does not exist');
}
