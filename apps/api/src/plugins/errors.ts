import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { InvalidField } from '@hearth/contract';
import { MemberGone, MinAboveMax, ModelGone, VersionGone } from '@hearth/store';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { invalidField, invalidFields, notFound, Problem } from '../problem.ts';
import { DATA_HEADERS } from './security-headers.ts';
import { storeProblem } from './store-faults.ts';
import { validationWords, type ZodFailure } from './validation-words.ts';

/** Every error as `application/problem+json` from the catalogue. What is not foreseen is a 500 that says nothing but its id. */
export function installErrors(
  app: FastifyInstance,
  beforeUnknownRoute: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
  /** Whether it answered what no route did. */
  answerPage: (request: FastifyRequest, reply: FastifyReply) => boolean,
): void {
  app.setErrorHandler(async (error, request, reply) => {
    if (wasCut(request.raw)) {
      request.log.debug({ route: request.routeOptions.url }, 'the sender hung up before its body was here');
      return send(reply, new Problem('bad-request', 'The connection ended before the body did.'));
    }
    const problem = problemOf(error);
    if (problem?.status === 413) await takeIn(request.raw);
    if (problem !== null) return send(reply, problem);
    request.log.error({ err: error, route: request.routeOptions.url }, 'request failed');
    const outage = storeProblem(error);
    if (outage !== null) return send(reply, outage, { request_id: request.id });
    const internal = new Problem('internal', 'Something went wrong on our side.');
    return send(reply, internal, { request_id: request.id });
  });
  app.setNotFoundHandler({ preValidation: beforeUnknownRoute }, (request, reply) => {
    if (!answerPage(request, reply)) send(reply, noSuchRoute(request));
  });
}

/** No fault of ours, and nobody is left to read the answer. */
const wasCut = (request: IncomingMessage): boolean => request.destroyed && !request.complete;

/** For what goes wrong before there is a route: a URL that cannot be decoded. */
export function answerFrameworkError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  send(reply.headers(DATA_HEADERS), problemOf(error) ?? new Problem('bad-request', error.message));
}

/** For what is no HTTP at all, or too much of it: there is no request yet, only a connection, which ends with this. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const problem = brokenRequest(error.code);
  const body = JSON.stringify(problem.body());
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(DATA_HEADERS).map((header) => header.join(': ')),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function brokenRequest(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('headers-too-large', 'The URL and the headers are more than 16 kB together.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout', 'The request did not arrive in time.');
  return new Problem('bad-request', `This is not HTTP/1.1${code === undefined ? '' : ` (${code})`}.`);
}

const MOST_TAKEN_IN_BYTES = 128 * 1024 * 1024;
const LONGEST_TAKEN_IN_MS = 10_000;

/**
 * Takes in the rest of a body that was refused for its size, within limits: a client that is still sending would see a
 * broken connection in place of the answer.
 */
function takeIn(request: IncomingMessage): Promise<void> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (request.complete || request.destroyed || declared > MOST_TAKEN_IN_BYTES) return Promise.resolve();
  return new Promise((resolve) => {
    let taken = 0;
    const timer = setTimeout(resolve, LONGEST_TAKEN_IN_MS);
    request.on('data', (chunk: Buffer) => {
      taken += chunk.length;
      if (taken > MOST_TAKEN_IN_BYTES) resolve();
    });
    for (const over of ['end', 'close', 'error']) request.once(over, () => resolve());
    request.once('close', () => clearTimeout(timer));
    request.resume();
  });
}

function send(reply: FastifyReply, problem: Problem, more: { request_id?: string } = {}) {
  reply.request.refusal = problem.code;
  // A stream may have begun under the route's own content type.
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .serializer((body: unknown) => JSON.stringify(body))
    .send({ ...problem.body(), ...more });
}

const noSuchRoute = (request: FastifyRequest): Problem =>
  new Problem('no-such-route', `${request.method} ${request.url.split('?')[0]} is not an endpoint; /docs lists them.`);

/** Null: not the caller's fault. */
function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return ofValidation(error);
  // It was removed between our look at it and our write.
  if (error instanceof VersionGone) return new Problem('invalid-version', `The version was deleted: ${error.message}.`);
  if (error instanceof ModelGone) return notFound('The model');
  if (error instanceof MemberGone) return notFound('The member');
  if (error instanceof MinAboveMax)
    return invalidField('min_instances', 'number_lte', `${error.message}: the deployment has just been changed`);
  if (!(error instanceof Error) || !('code' in error)) return null;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Problem(
        'body-too-large',
        'The body is larger than 16 MiB. Upload large inputs to /v1/files and put their URL into the input.',
      );
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem('unsupported-media-type', 'Send the body as application/json.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return new Problem('bad-request', error.message);
    default:
      return null;
  }
}

interface ValidationFailure {
  readonly validation: readonly ZodFailure[];
  readonly validationContext?: string | undefined;
}

function ofValidation({ validation, validationContext = 'body' }: ValidationFailure): Problem {
  const where = validationContext === 'body' ? '' : `${validationContext}.`;
  return invalidFields(
    'invalid-request',
    validation.flatMap((failure) => ofFailure(failure, where)),
  );
}

function ofFailure(failure: ZodFailure, where: string): InvalidField[] {
  const { keyword, instancePath, params } = failure;
  const path = instancePath.split('/').filter((step) => step !== '');
  const { keys } = params;
  if (keyword === 'unrecognized_keys' && Array.isArray(keys)) {
    return keys.map((key) => ({
      type: 'additional_property_not_allowed',
      field: where + [...path, String(key)].join('.'),
      description: 'is not a field of this request',
    }));
  }
  const field = where + (path.length > 0 ? path.join('.') : 'body');
  return [{ type: keyword, field, description: validationWords(failure) }];
}
