import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { type Answer, type Facts, type Generation, type Sent, SPEECHES, type Speech } from './generations.ts';

/** What a model server was asked to run, and the test's way to say what it reports of it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly id: string;
  readonly input: Facts;
  /** The whole request. */
  readonly sent: Sent;
  readonly webhook: string;
  readonly events: readonly string[];
  /** One try at a webhook: all that was reported before and this, in the words of its generation. Answers its status. */
  report(body: Record<string, unknown>, options?: { token?: string; id?: string }): Promise<number>;
  /** One try with a body that is sent as it is. */
  send(json: string): Promise<number>;
  /** As Cog does with its last report: again and again, until it is taken. */
  insist(body: Record<string, unknown>): Promise<void>;
}

/**
 * A server with Cog's endpoints and no will of its own: a test sees each call and says what comes of it. It can misbehave
 * in ways that a model written with our kit cannot.
 */
export interface FakeModel {
  readonly url: string;
  /** The next prediction it is sent, once. */
  next(): Promise<Call>;
  readonly calls: readonly Call[];
  readonly canceled: readonly string[];
  /** The words of its generation. */
  readonly speech: Speech;
  /** What it answers to a start; by default that it was accepted. `hang up` breaks the connection under it. */
  onStart: (call: Call, earlier: number) => Answer | Promise<Answer> | 'hang up';
  /** What it answers to a cancel; by default 200. */
  onCancel: (id: string) => number | Promise<number>;
  health: string;
  /** What it answers to `GET /`; by default that it knows no trainings. */
  index: object;
  /** What it answers to the next questions after its health, before it goes on with `health`. */
  readonly healthOnce: string[];
  /** From now on its health is that of a server whose worker has died. */
  die(): void;
  /** How often it was asked for its health. */
  asked: number;
  close(): Promise<void>;
}

const TERMINAL_RETRY_MS = 50;

export async function startFakeModel(token: string, generation: Generation = 'B'): Promise<FakeModel> {
  const speech = SPEECHES[generation];
  let dead = false;
  const calls: Call[] = [];
  const unseen: Call[] = [];
  const waiting: ((call: Call) => void)[] = [];
  const canceled: string[] = [];
  let closed = false;

  const start = async (request: IncomingMessage, response: ServerResponse, method: string): Promise<void> => {
    const sent: Sent = { ...JSON.parse(await bodyOf(request)), startedAt: new Date().toISOString() };
    const call = asCall({ method, path: request.url ?? '', sent, token, speech, isClosed: () => closed });
    const answer = await model.onStart(call, calls.length);
    calls.push(call);
    const next = waiting.shift();
    if (next) next(call);
    else unseen.push(call);
    if (answer === 'hang up') request.socket.destroy();
    else
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body ?? {}));
  };
  const cancel = async (response: ServerResponse, id: string): Promise<void> => {
    canceled.push(id);
    response.writeHead(await model.onCancel(id)).end('{}');
  };
  const server = createServer((request, response) => {
    const [, id, verb] = /^\/(?:predictions|trainings)(?:\/([^/]+))?(?:\/(cancel))?$/.exec(request.url ?? '') ?? [];
    if (request.url === '/health-check') {
      model.asked++;
      const told = dead ? speech.defunct : speech.health(model.healthOnce.shift() ?? model.health);
      response.writeHead(200).end(JSON.stringify(told));
    } else if (request.url === '/') {
      response.writeHead(200).end(JSON.stringify(model.index));
    } else if (verb && id) void cancel(response, id);
    else if (request.method === 'PUT' || request.method === 'POST') void start(request, response, request.method);
    else response.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const model: FakeModel = {
    url: `http://127.0.0.1:${port}`,
    next: async () => unseen.shift() ?? new Promise<Call>((resolve) => waiting.push(resolve)),
    calls,
    canceled,
    speech,
    onStart: (call) => speech.accepted(call.sent),
    onCancel: () => 200,
    health: 'READY',
    index: { docs_url: '/docs' },
    healthOnce: [],
    die() {
      dead = true;
    },
    asked: 0,
    async close() {
      closed = true;
      server.close();
      server.closeAllConnections();
    },
  };
  return model;
}

interface Room {
  readonly method: string;
  readonly path: string;
  readonly sent: Sent;
  readonly token: string;
  readonly speech: Speech;
  readonly isClosed: () => boolean;
}

function asCall({ method, path, sent, token, speech, isClosed }: Room): Call {
  const { id, input, webhook, webhook_events_filter: events } = sent;
  let told: Facts = {};
  const post = async (url: string, bearer: string, json: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const response = await request(url, { method: 'POST', headers, body: json });
    await response.body.dump();
    return response.statusCode;
  };
  const report: Call['report'] = (fields, { token: given = token, id: as = id } = {}) => {
    told = { ...told, ...fields };
    return post(webhook.replace(id, as), given, JSON.stringify(speech.report({ ...sent, id: as }, told)));
  };
  const insist = async (fields: Record<string, unknown>): Promise<void> => {
    while (!isClosed()) {
      // A refused connection is a dispatcher that is being restarted.
      const status = await report(fields).catch(() => 503);
      if (status < 500) return;
      await new Promise((resolve) => setTimeout(resolve, TERMINAL_RETRY_MS));
    }
  };
  return { method, path, id, input, sent, webhook, events, report, send: (json) => post(webhook, token, json), insist };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
