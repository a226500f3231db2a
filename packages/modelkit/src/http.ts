/** The routes of Cog's container protocol. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { COG_PREFER_ASYNC } from '@hearth/contract/south/protocol';
import type { Manners } from './generation.ts';
import type { Model } from './model.ts';
import { openapiOf } from './openapi.ts';
import {
  type Bodies,
  brokenReply,
  canceledReply,
  documentReply,
  jsonReply,
  methodNotAllowedReply,
  notFoundReply,
  nothingToCancelReply,
  type Reply,
  shutdownReply,
  textReply,
} from './reply.ts';
import { readRequest } from './request.ts';
import type { Runner } from './runner.ts';
import type { Settings } from './settings.ts';

const RUN_PATH = /^\/(predictions|trainings)(?:\/([^/]+?)(\/cancel)?)?$/;

function answer(response: ServerResponse, { status, body, contentType }: Reply): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** By events, which cost less than iterating over the stream: every prediction passes here. */
function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

function traceOf({ headers }: IncomingMessage): Record<string, string> {
  const trace: Record<string, string> = {};
  for (const name of ['traceparent', 'tracestate']) {
    const value = headers[name];
    if (typeof value === 'string') trace[name] = value;
  }
  return trace;
}

/** What coglet says of a body before it reads it; null: nothing. */
function refusalOf({ headers }: IncomingMessage): Reply | null {
  const { accept, 'content-type': type } = headers;
  if (accept?.includes('text/event-stream')) return NO_STREAMING;
  return type === undefined || /^application\/(.+\+)?json\b/i.test(type) ? null : NOT_JSON;
}

const NO_STREAMING = jsonReply(406, {
  error: 'This model does not support streaming responses. Add @cog.streaming to predict() to enable SSE.',
});
const NOT_JSON = textReply(415, 'Expected request with `Content-Type: application/json`');

interface Served {
  readonly model: Model;
  readonly runner: Runner;
  readonly bodies: Bodies;
  readonly manners: Manners;
}

async function predict(served: Served, request: IncomingMessage, urlId: string | null): Promise<Reply> {
  const { model, runner, bodies, manners } = served;
  const refusal = manners.asksContentType ? refusalOf(request) : null;
  if (refusal) return refusal;
  const text = await bodyOf(request);
  const body = manners.asksContentType && request.headers['content-type'] === undefined ? '' : text;
  const read = readRequest(model.fields, { body, urlId }, manners);
  if ('issues' in read) return bodies.invalid(read.issues);
  const underWay = urlId === null ? undefined : runner.find(urlId);
  if (underWay && manners.breaksOnRepeat && runner.hasFreeSlot) return brokenReply;
  if (underWay) return bodies.prediction(underWay.prediction, 'again');
  const mode = request.headers.prefer === COG_PREFER_ASYNC ? 'async' : 'sync';
  const running = runner.start(read.call, { mode, trace: traceOf(request) });
  if (running === 'notReady' || running === 'full') return bodies[running];
  if (running === 'broken') return bodies.broken(runner.status);
  if (mode === 'async') return bodies.prediction(running.prediction, 'started');
  await running.done;
  return bodies.prediction(running.prediction, 'waited');
}

function cancel(runner: Runner, id: string): Reply {
  const running = runner.find(id);
  if (!running) return nothingToCancelReply;
  running.prediction.cancel();
  return canceledReply;
}

export interface RouteOptions {
  readonly model: Model;
  /** What is run: the model, or in train mode its trainer. */
  readonly served: Model;
  readonly mode: Settings['mode'];
  readonly runner: Runner;
  readonly bodies: Bodies;
  readonly manners: Manners;
  /** Called once the answer to `POST /shutdown` is on its way. */
  readonly onShutdown: () => void;
  readonly print: (text: string) => void;
}

export function routes(options: RouteOptions): RequestListener {
  const { model, served, mode, runner, bodies, manners, onShutdown, print } = options;
  let document: string | undefined;
  const fixed: Readonly<
    Record<string, Readonly<Record<string, (request: IncomingMessage) => Reply | Promise<Reply>>>>
  > = {
    '/': { GET: () => bodies.index(model.trainer !== null) },
    '/health-check': { GET: async () => bodies.health(await runner.health()) },
    '/openapi.json': {
      GET: () => {
        document ??= JSON.stringify(openapiOf(model));
        return documentReply(document);
      },
    },
    '/shutdown': { POST: () => shutdownReply },
  };
  const route = (request: IncomingMessage, path: string): Reply | Promise<Reply> => {
    const method = request.method ?? '';
    const known = fixed[path];
    if (known) return known[method]?.(request) ?? methodNotAllowedReply;
    const [, collection, urlId, cancels] = RUN_PATH.exec(path) ?? [];
    const id = urlId === undefined ? null : decodeURIComponent(urlId);
    // A cancel is heard at either, as in Cog.
    const isServed = collection === (mode === 'train' ? 'trainings' : 'predictions');
    if (collection === undefined || !(isServed || (cancels && model.trainer !== null))) return notFoundReply;
    if (method !== (id !== null && !cancels ? 'PUT' : 'POST')) return methodNotAllowedReply;
    return cancels && id !== null
      ? cancel(runner, id)
      : predict({ model: served, runner, bodies, manners }, request, id);
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    let reply: Reply;
    try {
      reply = await route(request, path);
    } catch (error) {
      // A body that broke off, or an id that is not percent-encoded text.
      print(`${request.method} ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
      reply = brokenReply;
    }
    if (reply === shutdownReply) response.once('close', onShutdown);
    answer(response, reply);
  };
  return (request, response) => void respond(request, response);
}
