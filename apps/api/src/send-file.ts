import { Readable } from 'node:stream';
import type { Blobs } from '@hearth/files';
import { BlobMissing, type ByteRange, readRange } from '@hearth/files';
import type { FileRow } from '@hearth/store';
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { App } from './context.ts';
import { noFile, Problem } from './problem.ts';

/** Whether an `If-None-Match` header names this tag; weak and strong ones are the same to it (RFC 9110 §13.1.2). */
function namesTag(header: string | undefined, tag: string): boolean {
  const named = (header ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  return named.includes(tag) || named.includes('*');
}

/** An expired file waits for its removal and is there for nobody. */
export const isCurrent = (file: FileRow | null, kind: FileRow['kind'], now: number): file is FileRow =>
  file?.kind === kind && (file.expiresAt === null || file.expiresAt > now);

/** What a browser would run as a page of this origin is downloaded instead. */
const RUNNABLE =
  /^(?:text\/html|text\/xml|application\/xhtml\+xml|application\/xml|image\/svg\+xml|text\/javascript|application\/javascript)\b/i;

/** Opened by itself, a file is in no origin, runs nothing and loads nothing; a browser shows a PDF only outside of a sandbox. */
const policyOf = (contentType: string): string =>
  `default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'${/^application\/pdf\b/i.test(contentType) ? '' : '; sandbox'}`;

/**
 * Lets pages of any origin read what a route answers, its errors too, and says so to a browser that asks before it sends
 * a `Range` or the like.
 */
export function openToPages(app: App, path: string): { onRequest: onRequestAsyncHookHandler } {
  const allow = {
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, if-none-match, if-range, range',
    'access-control-max-age': '86400',
  };
  const onRequest: onRequestAsyncHookHandler = async (_request, reply) => {
    reply.headers({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-expose-headers': 'accept-ranges, content-disposition, content-length, content-range, etag',
    });
  };
  app.options(path, { config: { needs: 'nothing' }, schema: { hide: true }, onRequest }, (_request, reply) =>
    reply.code(204).headers(allow).send(),
  );
  return { onRequest };
}

/** Answers with the bytes of a stored file, or the part of them that was asked for; to HEAD with the headers alone. */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: FileRow, blobs: Blobs) {
  const tag = `"${file.md5}"`;
  // The URL is all that it takes to read the file, so no cache that is shared may keep it.
  const caching = { etag: tag, 'cache-control': 'private, max-age=3600' };
  if (namesTag(request.headers['if-none-match'], tag)) return reply.code(304).headers(caching).send();

  const range = wantedRange(request, tag, file.sizeBytes);
  // An empty stream for HEAD, because anything else makes Fastify say that the length is 0.
  const content = request.method === 'HEAD' ? Readable.from([]) : await open(file, range, blobs);
  const name = `filename*=UTF-8''${encodeURIComponent(file.name).replaceAll("'", '%27')}`;
  return reply
    .code(range === null ? 200 : 206)
    .headers({
      ...caching,
      'content-type': file.contentType,
      'content-length': range === null ? file.sizeBytes : range.end - range.start + 1,
      'content-disposition': `${RUNNABLE.test(file.contentType) ? 'attachment' : 'inline'}; ${name}`,
      'accept-ranges': 'bytes',
      'content-security-policy': policyOf(file.contentType),
      ...(range !== null && { 'content-range': `bytes ${range.start}-${range.end}/${file.sizeBytes}` }),
    })
    .send(content);
}

/** @throws Problem where the bytes are gone already */
async function open({ id }: FileRow, range: ByteRange | null, blobs: Blobs): Promise<Readable> {
  try {
    return await (range === null ? blobs.get(id) : blobs.get(id, range));
  } catch (error) {
    if (error instanceof BlobMissing) throw noFile();
    throw error;
  }
}

/** A part that was asked for of another file than this one (`If-Range`) means the whole of this one. */
function wantedRange({ headers }: FastifyRequest, tag: string, sizeBytes: number): ByteRange | null {
  if (headers['if-range'] !== undefined && headers['if-range'] !== tag) return null;
  const range = readRange(headers.range, sizeBytes);
  if (range !== 'unsatisfiable') return range;
  throw new Problem('range-not-satisfiable', `The file has ${sizeBytes} bytes.`, {
    headers: { 'content-range': `bytes */${sizeBytes}` },
  });
}
