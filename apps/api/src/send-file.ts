import { Readable } from 'node:stream';
import type { Blobs } from '@hearth/files';
import { BlobMissing, readRange } from '@hearth/files';
import type { FileRow } from '@hearth/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound, Problem } from './problem.ts';

/** What a browser would run as a page of this origin is downloaded instead. */
const RUNNABLE =
  /^(?:text\/html|text\/xml|application\/xhtml\+xml|application\/xml|image\/svg\+xml|text\/javascript|application\/javascript)\b/i;

/** Answers with the bytes of a stored file, or the part of them that was asked for; to HEAD with the headers alone. */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: FileRow, blobs: Blobs) {
  const range = readRange(request.headers.range, file.sizeBytes);
  if (range === 'unsatisfiable') {
    throw new Problem('range-not-satisfiable', `The file has ${file.sizeBytes} bytes.`, {
      headers: { 'content-range': `bytes */${file.sizeBytes}` },
    });
  }
  const length = range === null ? file.sizeBytes : range.end - range.start + 1;
  const name = `filename*=UTF-8''${encodeURIComponent(file.name).replaceAll("'", '%27')}`;
  reply.code(range === null ? 200 : 206).headers({
    'content-type': file.contentType,
    'content-length': length,
    'content-disposition': `${RUNNABLE.test(file.contentType) ? 'attachment' : 'inline'}; ${name}`,
    'accept-ranges': 'bytes',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'content-length, content-range, etag',
    'cache-control': 'private, max-age=3600',
    'x-content-type-options': 'nosniff',
    etag: `"${file.md5}"`,
    ...(range !== null && { 'content-range': `bytes ${range.start}-${range.end}/${file.sizeBytes}` }),
  });
  // An empty stream, because anything else makes Fastify say that the length is 0.
  if (request.method === 'HEAD') return reply.send(Readable.from([]));
  try {
    return reply.send(await (range === null ? blobs.get(file.id) : blobs.get(file.id, range)));
  } catch (error) {
    if (error instanceof BlobMissing) throw notFound('File');
    throw error;
  }
}
