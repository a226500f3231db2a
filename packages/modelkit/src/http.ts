/** The routes of Cog's container protocol. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { COG_PREFER_ASYNC } from '@hearth/contract/south/protocol';
import type { Model } from './model.ts';
import { openapiOf } from './openapi.ts';
import { readRequest } from './request.ts';
import {
  brokenReply,
  busyReply,
  canceledReply,
  documentReply,
  healthReply,
  indexReply,
  invalidReply,
  methodNotAllowedReply,
  notFoundReply,
  nothingToCancelReply,
  predictionReply,
  type Reply,
  shutdownReply,
} from './responses.ts';
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

async function predict(model: Model, runner: Runner, request: IncomingMessage, urlId: string | null): Promise<Reply> {
  const read = readRequest(model.fields, await bodyOf(request), urlId);
  if ('issues' in read) return invalidReply(read.issues);
  const underWay = urlId === null ? undefined : runner.find(urlId);
  if (underWay) return predictionReply(underWay.prediction);
  const mode = request.headers.prefer === COG_PREFER_ASYNC ? 'async' : 'sync';
  const running = runner.start(read.call, { mode, trace: traceOf(request) });
  if (running === 'busy') return busyReply;
  if (running === 'broken') return brokenReply;
  if (mode === 'sync') await running.done;
  return predictionReply(running.prediction);
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
  /** Called once the answer to `POST /shutdown` is on its way. */
  readonly onShutdown: () => void;
  readonly print: (text: string) => void;
}

export function routes({ model, served, mode, runner, onShutdown, print }: RouteOptions): RequestListener {
  let document: string | undefined;
  const fixed: Readonly<
    Record<string, Readonly<Record<string, (request: IncomingMessage) => Reply | Promise<Reply>>>>
  > = {
    '/': { GET: () => indexReply(model.trainer !== null) },
    '/health-check': { GET: () => healthReply(runner.health.status, runner.health.setup) },
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
    return cancels && id !== null ? cancel(runner, id) : predict(served, runner, request, id);
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
