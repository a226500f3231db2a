import { timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { COG_PREDICTION_ID_HEADER, CogReport } from '@hearth/contract';
import { readRange } from '@hearth/files';
import { hashToken, type Metrics } from '@hearth/kit';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import mime from 'mime-types';
import type { Context } from '../context.ts';
import { LOOPBACK, limitCrowd } from '../crowd.ts';
import type { Consumers } from '../intake/consumers.ts';
import { fetchedSubject, type InputFetch, NotFetched } from '../model/fetched-input.ts';
import { inputSubject } from '../model/inputs.ts';
import { storeOutput, tooManyFiles } from '../model/outputs.ts';
import { reportSubject } from './report-url.ts';
import type { Runner } from './run-prediction.ts';

export interface CallbackRooms {
  readonly context: Context;
  readonly consumers: Consumers;
  readonly runner: Runner;
  readonly exposition: Metrics;
  readonly fetch: InputFetch;
}

/** Where containers report, upload their outputs and fetch their inputs. Not yet listening. */
export function buildCallbacks(rooms: CallbackRooms): FastifyInstance {
  const { context, exposition } = rooms;
  const app = Fastify({
    bodyLimit: context.limits.reportBytes,
    forceCloseConnections: true,
    // An uploading model may think between two chunks.
    requestTimeout: 0,
    keepAliveTimeout: 120_000,
    routerOptions: { maxParamLength: 1_000 },
  });
  limitCrowd(app.server, context.limits.connections);
  // Python's and Rust's clients name several types, or none; it is JSON or it is refused.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.setErrorHandler((error, request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 503;
    // 503 makes a container send its last report again; whatever broke here is most likely the store being away.
    context.log[status < 500 ? 'warn' : 'error']({ err: error, url: request.routeOptions.url }, 'a callback failed');
    return reply.code(status).send({ detail: error instanceof Error ? error.message : String(error) });
  });
  app.register(async (reports) => addReports(reports, rooms));
  addUploads(app, rooms);
  addInputs(app, context);
  addFetched(app, rooms);
  addWeights(app, rooms);
  app.addHook('onRequest', (request, reply, done) => {
    const ours = request.routeOptions.url === '/health' || request.routeOptions.url === '/metrics';
    if (ours && !LOOPBACK.has(request.ip)) void reply.code(404).send({ detail: 'Not Found' });
    else done();
  });
  app.get('/health', () => ({ status: 'ok' }));
  app.get('/metrics', async (_request, reply) => reply.type(exposition.contentType).send(await exposition.text()));
  return app;
}

interface ReportRoute {
  Params: { instanceId: string; cogId: string };
  Querystring: { key?: string };
}
type ReportRequest = FastifyRequest<ReportRoute>;

function addReports(app: FastifyInstance, { context, consumers, runner }: CallbackRooms): void {
  const runOf = ({ params }: ReportRequest) => {
    const run = context.runs.get(params.cogId);
    return run?.attachment.instance.id === params.instanceId ? run : undefined;
  };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  // Before the body is read: a stranger does not get to send 64 MiB.
  app.addHook<ReportRoute>('onRequest', async ({ params, query, headers }, reply) => {
    const { authorization } = headers;
    const nowSeconds = Math.floor(context.now() / 1_000);
    const known =
      authorization === undefined
        ? typeof query.key === 'string' && context.signer.verify(reportSubject(params.cogId), query.key, nowSeconds)
        : await isInstance(context, consumers, params.instanceId, /^Bearer (.+)$/i.exec(authorization)?.[1] ?? '');
    if (!known) await refuse(reply);
  });
  app.addHook<ReportRoute>('onError', async (request, _reply, error) => {
    if (error.code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return;
    // It will only grow, and its end would be refused too.
    const run = runOf(request);
    if (run)
      runner.stop(run, {
        status: 'failed',
        error: `Its output and logs exceed ${inWords(context.limits.reportBytes)} (HEARTH_MAX_REPORT).`,
      });
  });
  app.post('/reports/:instanceId/:cogId', async (request: ReportRequest, reply) => {
    const report = CogReport.safeParse(parsed(request.body));
    if (!report.success) {
      context.log.warn({ cogId: request.params.cogId, err: report.error }, 'a container sent what is no report');
      return reply.code(400).send({ detail: `the body is no report: ${report.error.message}` });
    }
    const run = runOf(request);
    // It is over, or an earlier attempt: there is nobody left to tell, and nothing to send again.
    if (!run) return reply.send({});
    const kept = await runner.hear(run, report.data);
    return kept
      ? reply.send({})
      : reply.code(503).send({ detail: 'the end of the prediction could not be stored yet' });
  });
}

const inWords = (bytes: number): string => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`);

/**
 * Between tries at storing an upload's record while the store is away. A and B wait 15 s for the answer and try again for
 * a moment; coglet waits 25 s, tries once, and leaves the file out.
 */
const UPLOAD_PAUSES_MS = [100, 200, 400, 800, 1_600, 3_200];

const OUR_COG_ID = /^[0-9a-z]{26}-\d+$/;

interface UploadRequest {
  Params: { instanceId: string; token: string; name: string };
}

function addUploads(app: FastifyInstance, { context, consumers }: CallbackRooms): void {
  app.put('/uploads/:instanceId/:token/:name', async (request: FastifyRequest<UploadRequest>, reply) => {
    const { instanceId, token, name } = request.params;
    if (!(await isInstance(context, consumers, instanceId, token))) return refuse(reply);
    const held = context.runs.ofInstance(instanceId);
    const named = request.headers[COG_PREDICTION_ID_HEADER];
    // coglet names no prediction, and servers of somebody's own may name theirs: with several in flight the file is the
    // instance's, and known by its URL alone. One that names an attempt of ours belongs to that or to none.
    const only = held.length === 1 && !OUR_COG_ID.test(String(named)) ? held[0] : undefined;
    const run = held.find(({ cogId }) => cogId === named) ?? only;
    if (!run && (held.length === 0 || named !== undefined))
      return reply.code(409).send({ detail: 'no such prediction is in flight on this instance' });
    if (run && !run.outputs.reserve()) {
      const why = tooManyFiles(context.limits);
      run.uploads.failed(name, why);
      return reply.code(413).send({ detail: why });
    }
    const prediction = run ? { id: run.row.id, accountId: run.row.accountId } : null;
    const contentType = request.headers['content-type'] ?? (mime.lookup(name) || 'application/octet-stream');
    // An empty file has no body at all.
    const content = request.body instanceof Readable ? request.body : new Uint8Array();
    try {
      const stored = await storeOutput({ name, contentType, content, prediction }, context, UPLOAD_PAUSES_MS);
      run?.uploads.stored(name, stored.url);
      return reply.code(201).header('location', stored.url).send({ url: stored.url });
    } catch (error) {
      run?.outputs.release();
      run?.uploads.failed(name, error instanceof Error ? error.message : String(error));
      throw error;
    }
  });
}

interface InputRequest {
  Params: { cogId: string; fileId: string; name: string };
  Querystring: { signature?: string };
}

/** Good while its run is in flight, and for the file that this was told of. */
function addInputs(app: FastifyInstance, { store, blobs, runs, signer, now }: Context): void {
  app.get('/inputs/:cogId/:fileId/:name', async (request: FastifyRequest<InputRequest>, reply) => {
    const { cogId, fileId } = request.params;
    const { signature } = request.query;
    const isGiven =
      typeof signature === 'string' && signer.verify(inputSubject(cogId, fileId), signature, Math.floor(now() / 1_000));
    if (!isGiven || runs.get(cogId) === undefined) return refuse(reply);
    const file = await store.files.get(fileId);
    if (!file) return reply.code(404).send({ detail: 'the file is gone' });
    return reply
      .type(file.contentType)
      .header('content-length', file.sizeBytes)
      .send(await blobs.get(fileId));
  });
}

interface FetchedRequest {
  Params: { cogId: string; name: string };
  Querystring: { signature?: string; url?: string };
}

/** What a URL that a user gave leads to, for a run in flight. */
function addFetched(app: FastifyInstance, { context, fetch }: CallbackRooms): void {
  app.get(
    '/fetched/:cogId/:name',
    { exposeHeadRoute: false },
    async (request: FastifyRequest<FetchedRequest>, reply) => {
      const { signature, url } = request.query;
      const { cogId } = request.params;
      const run = context.runs.get(cogId);
      const isGiven =
        typeof url === 'string' &&
        typeof signature === 'string' &&
        context.signer.verify(fetchedSubject(cogId, url), signature, Math.floor(context.now() / 1_000));
      if (!isGiven || run === undefined) return refuse(reply);
      try {
        const { headers, body } = await fetch.get(url, run.abort.signal);
        const passedOn = ['content-type', 'content-length', 'content-encoding'] as const;
        for (const name of passedOn) if (headers[name] !== undefined) reply.header(name, headers[name]);
        return await reply.send(body);
      } catch (error) {
        if (!(error instanceof NotFetched)) throw error;
        run.notFetched ??= error.message;
        return reply.code(424).send({ detail: error.message });
      }
    },
  );
}

interface WeightsRequest {
  Params: { instanceId: string; token: string; name: string };
}

/** What a training made of its version, for a server's setup (`COG_WEIGHTS`). Loaders ask for its size first, then for parts. */
function addWeights(app: FastifyInstance, { context, consumers }: CallbackRooms): void {
  app.get('/weights/:instanceId/:token/:name', async (request: FastifyRequest<WeightsRequest>, reply) => {
    const { instanceId, token } = request.params;
    if (!(await isInstance(context, consumers, instanceId, token))) return refuse(reply);
    const { store, blobs } = context;
    const instance = await store.instances.get(instanceId);
    const version = instance && (await store.models.version(instance.versionId));
    const file = version?.weightsFileId ? await store.files.get(version.weightsFileId) : null;
    if (!file) return reply.code(404).send({ detail: 'this version has no weights' });
    const range = readRange(request.headers.range, file.sizeBytes);
    if (range === 'unsatisfiable')
      return reply.code(416).header('content-range', `bytes */${file.sizeBytes}`).send({ detail: 'no such range' });
    const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 };
    reply.type(file.contentType).headers({ 'accept-ranges': 'bytes', 'content-length': end - start + 1 });
    if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${file.sizeBytes}`);
    // An empty stream, because anything else makes Fastify say that the length is 0.
    if (request.method === 'HEAD') return reply.send(Readable.from([]));
    return reply.send(await (range ? blobs.get(file.id, range) : blobs.get(file.id)));
  });
}

const refuse = (reply: FastifyReply) => reply.code(401).send({ detail: 'not the token of this instance' });

/** Whether the token is the one that the instance was started with. One that has stopped is nobody any more. */
async function isInstance(
  { store }: Context,
  consumers: Consumers,
  instanceId: string,
  token: string,
): Promise<boolean> {
  const instance = consumers.get(instanceId)?.instance ?? (await store.instances.get(instanceId));
  if (!instance) return false;
  const [given, kept] = [Buffer.from(hashToken(token)), Buffer.from(instance.callbackTokenHash)];
  return instance.state !== 'stopped' && given.length === kept.length && timingSafeEqual(given, kept);
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    // What is no JSON is no report; the schema says so.
    return undefined;
  }
}
