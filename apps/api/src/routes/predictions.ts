import {
  type PredictionBody,
  pageOf as pageSchema,
  predictionBodySchema,
  predictionListQuerySchema,
  predictionSchema,
  versionedPredictionBodySchema,
  wirePrediction,
} from '@hearth/contract';
import { isTerminal } from '@hearth/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf } from '../plugins/auth.ts';
import { cancelPrediction, goneSignal } from '../predictions/cancel.ts';
import { createPrediction } from '../predictions/create.ts';
import { type EndWatch, watchEnd } from '../predictions/hold.ts';
import { readIdempotencyKey } from '../predictions/idempotency.ts';
import { own } from '../predictions/own.ts';
import { readCancelAfter, readPrefer } from '../predictions/request-headers.ts';
import type { RunTarget } from '../predictions/targets.ts';
import { asStarting } from '../wire.ts';

/** Replicate lists those that were made on its pages for this long. */
const WEB_LISTED_MS = 14 * 86_400_000;

const tags = ['predictions'];
const idParams = z.object({ id: z.string() });
const nameParams = z.object({ owner: z.string(), name: z.string() });
const headers = z.looseObject({
  prefer: z.string().optional().describe('`wait` or `wait=<seconds>`: hold the answer for the end, at most 60 s'),
  'cancel-after': z.string().optional().describe('a duration from 5 s to 30 days; then the prediction is canceled'),
  'idempotency-key': z.string().optional().describe('the same key and request make one prediction, for 24 hours'),
});

/** Predictions: create on a version, a model or a deployment; read; list; cancel. Contract §1.3 to §1.6. */
export function predictionRoutes(app: App, context: Context): void {
  createRoutes(app, context);
  readRoutes(app, context);
}

function createRoutes(app: App, context: Context): void {
  const { targets } = context;
  const answer = { 201: predictionSchema };

  app.post(
    '/predictions',
    { config: { needs: 'run' }, schema: { tags, headers, body: versionedPredictionBodySchema, response: answer } },
    async (request, reply) => {
      const { version, ...body } = request.body;
      const target = await targets.byVersion(version, callerOf(request));
      return create(context, request, reply, target, body);
    },
  );
  app.post(
    '/models/:owner/:name/predictions',
    {
      config: { needs: 'run' },
      schema: { tags, headers, params: nameParams, body: predictionBodySchema, response: answer },
    },
    async (request, reply) => {
      const target = await targets.byModel(request.params.owner, request.params.name, callerOf(request));
      return create(context, request, reply, target, request.body);
    },
  );
  app.post(
    '/deployments/:owner/:name/predictions',
    {
      config: { needs: 'run' },
      schema: { tags, headers, params: nameParams, body: predictionBodySchema, response: answer },
    },
    async (request, reply) => {
      const target = await targets.byDeployment(request.params.owner, request.params.name, callerOf(request));
      return create(context, request, reply, target, request.body);
    },
  );
}

/** By then Postgres has written what did not wait for the disk: three times its wal_writer_delay of 200 ms, and a margin. */
const ON_DISK_AFTER_MS = 1_000;

async function create(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  target: RunTarget,
  body: PredictionBody,
) {
  const { deps, hub, closing, urls, waitingOf } = context;
  const hold = readPrefer(request.headers.prefer);
  const cancelAfterMs = readCancelAfter(request.headers['cancel-after']);
  const key = readIdempotencyKey(request.headers['idempotency-key']);
  let watch: EndWatch | null = null;
  const receivedAt = performance.now();
  try {
    const made = await createPrediction(deps, {
      target,
      caller: callerOf(request),
      body,
      cancelAfterMs,
      held: hold !== null && hold.holdMs >= ON_DISK_AFTER_MS,
      repeatable: key === null ? null : { key, request: askedFor(request, cancelAfterMs) },
      onId: (id) => {
        watch?.stop();
        if (hold !== null) watch = watchEnd(id, { store: deps.store, hub });
      },
    });
    reply.code(201).header('location', urls.prediction(made.id).get);
    if (hold === null || watch === null) return wirePrediction(made, urls, await waitingOf(made));
    reply.header('preference-applied', hold.applied);
    // An earlier prediction of the same key.
    if (isTerminal(made.status)) return wirePrediction(made, urls);
    const ended = await (watch as EndWatch).wait(
      hold.holdMs - (performance.now() - receivedAt),
      AbortSignal.any([closing, goneSignal(reply)]),
    );
    if (ended !== null) return wirePrediction(ended, urls);
    return wirePrediction(asStarting(made), urls, await waitingOf(made));
  } finally {
    (watch as EndWatch | null)?.stop();
  }
}

/** What a request under an `Idempotency-Key` must have in common with the first one. How long it waits is not part of it. */
const askedFor = ({ routeOptions, params, body }: FastifyRequest, cancelAfterMs: number | null) => ({
  route: routeOptions.url,
  params,
  body,
  cancelAfterMs,
});

function readRoutes(app: App, context: Context): void {
  const { deps, urls, waitingOf } = context;
  const { predictions } = deps.store;

  app.get(
    '/predictions/:id',
    { config: { needs: 'read' }, schema: { tags, params: idParams, response: { 200: predictionSchema } } },
    async (request) => {
      const row = own(await predictions.get(request.params.id), `Prediction ${request.params.id}`, callerOf(request));
      return wirePrediction(row, urls, await waitingOf(row));
    },
  );

  app.get(
    '/predictions',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: predictionListQuerySchema, response: { 200: pageSchema(predictionSchema) } },
    },
    async (request) => {
      const { cursor, ...filters } = request.query;
      const { created_after, created_before, source, status, model, deployment } = filters;
      const page = pageOf(cursor);
      const earliest = source === 'web' ? deps.now() - WEB_LISTED_MS : 0;
      const rows = await predictions.list({
        ...page,
        accountId: callerOf(request).account.id,
        source,
        status: status === 'canceled' ? ['canceled', 'aborted'] : status && [status],
        model,
        deployment,
        createdAfter: Math.max(earliest, created_after === undefined ? 0 : Date.parse(created_after)),
        createdBefore: created_before === undefined ? undefined : Date.parse(created_before),
      });
      return answerPage(rows, (row) => wirePrediction(row, urls), { urls, path: '/predictions', page, filters });
    },
  );

  app.post(
    '/predictions/:id/cancel',
    { config: { needs: 'run' }, schema: { tags, params: idParams, response: { 200: predictionSchema } } },
    async (request, reply) => {
      const { id } = request.params;
      const row = own(await predictions.get(id), `Prediction ${id}`, callerOf(request));
      return wirePrediction(await cancelPrediction(context, row, reply), urls);
    },
  );
}
