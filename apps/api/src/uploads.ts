import type { Readable } from 'node:stream';
import type { MultipartFile } from '@fastify/multipart';
import { type Blobs, BlobTooLarge } from '@hearth/files';
import { newId, sizeBytes } from '@hearth/kit';
import type { FileRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { lookup } from 'mime-types';
import type { ApiDeps, ApiSettings } from './deps.ts';
import { invalidField, Problem } from './problem.ts';

/** Its message says 100MB for it. */
const REPLICATES_MAX_BYTES = 100 * 2 ** 20;
const LARGEST_FIELD_BYTES = 64 * 1024;
const LONGEST_NAME_BYTES = 255;
/** RFC 2046 §5.1.1. The parser breaks on a longer one. */
const BOUNDARY = /;\s*boundary=(?:"[^"]{1,70}"|[^\s";]{1,70})\s*(?:;|$)/i;

/** What `@fastify/multipart` is told. JavaScript sends `metadata` as a file part, Python `content` without a file name. */
export const multipartOptions = ({ maxUploadBytes }: Pick<ApiSettings, 'maxUploadBytes'>) => ({
  // One above our own limit, so that a file is never cut short in silence: the blob's limit answers first.
  limits: { fileSize: maxUploadBytes + 1, files: 4, fields: 8, fieldSize: LARGEST_FIELD_BYTES, parts: 12 },
  isPartAFile: (name: string | undefined, _type: string | undefined, filename: string | undefined) =>
    name === 'content' || filename !== undefined,
});

interface Upload {
  content: Pick<FileRow, 'sizeBytes' | 'md5' | 'sha256'> & { name: string; contentType: string };
  fields: { filename?: string; type?: string; metadata?: string };
}

/** Reads a multipart upload straight into a blob. Nothing is left behind where it is refused. */
export async function receiveUpload(
  request: FastifyRequest,
  accountId: string,
  { blobs, settings, now }: Pick<ApiDeps, 'blobs' | 'settings' | 'now'>,
): Promise<FileRow> {
  if (!request.isMultipart()) {
    throw new Problem('unsupported-media-type', 'Send the file as multipart/form-data, in a part named content.');
  }
  if (!BOUNDARY.test(request.headers['content-type'] ?? '')) {
    throw new Problem('bad-request', 'The multipart body names no boundary of 1 to 70 characters in its content type.');
  }
  const createdAt = now();
  const id = newId(createdAt);
  try {
    const upload = await readParts(request, id, blobs, settings.maxUploadBytes);
    return fileRow({ id, accountId, createdAt, expiresAt: createdAt + settings.uploadRetentionMs }, upload);
  } catch (error) {
    await blobs.remove(id);
    throw asProblem(error, settings.maxUploadBytes);
  }
}

async function readParts(request: FastifyRequest, id: string, blobs: Blobs, maxBytes: number): Promise<Upload> {
  let content: Upload['content'] | null = null;
  const fields: Upload['fields'] = {};
  for await (const part of request.parts()) {
    if (part.type === 'file' && part.fieldname === 'content' && content === null) {
      const facts = await blobs.put(id, part.file, { maxBytes });
      content = { ...facts, name: part.filename ?? '', contentType: part.mimetype };
      continue;
    }
    const text = part.type === 'file' ? await readText(part) : String(part.value);
    if (part.fieldname === 'filename' || part.fieldname === 'type' || part.fieldname === 'metadata') {
      fields[part.fieldname] = text;
    }
  }
  if (content === null) throw invalidField('content', 'required', 'is required: a part with the bytes of the file');
  return { content, fields };
}

async function readText({ file, fieldname }: MultipartFile): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of file as Readable & AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_FIELD_BYTES) throw invalidField(fieldname, 'string_lte', 'is longer than 64 KiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fileRow(
  about: Pick<FileRow, 'id' | 'accountId' | 'createdAt' | 'expiresAt'>,
  { content, fields }: Upload,
): FileRow {
  // busboy keeps no path; a name from the text field might hold one.
  const given = (fields.filename || content.name || 'file').replaceAll('\0', '');
  const name = given.split(/[\\/]/).at(-1) || 'file';
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES)
    throw invalidField('filename', 'string_lte', 'is longer than 255 bytes');
  return {
    ...about,
    kind: 'upload',
    predictionId: null,
    name,
    contentType: contentTypeOf(name, fields.type ?? content.contentType),
    sizeBytes: content.sizeBytes,
    md5: content.md5,
    sha256: content.sha256,
    metadata: readMetadata(fields.metadata),
  };
}

const MEDIA_TYPE = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:\s*;[\x20-\x7e]{0,200})?$/;

/** What the caller says; where that says nothing, what the name's ending says. */
function contentTypeOf(name: string, given: string): string {
  const said = MEDIA_TYPE.test(given) && given !== 'application/octet-stream' && given !== 'text/plain';
  return said ? given : lookup(name) || (MEDIA_TYPE.test(given) ? given : 'application/octet-stream');
}

function readMetadata(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalidField('metadata', 'invalid_type', 'must be a JSON object');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidField('metadata', 'invalid_type', 'is not JSON');
  }
}

/** Replicate's words for a file that is too large. The parser's own complaints are the caller's fault. */
function asProblem(error: unknown, maxBytes: number): unknown {
  const tooLarge = `Files must be less than ${maxBytes === REPLICATES_MAX_BYTES ? '100MB' : inWords(maxBytes)} in size`;
  if (error instanceof BlobTooLarge) return new Problem('file-too-large', tooLarge);
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'FST_REQ_FILE_TOO_LARGE') return new Problem('file-too-large', tooLarge);
  const parser = code.startsWith('FST_') || /multipart|boundary|unexpected end of form/i.test(error.message);
  return parser ? new Problem('bad-request', `The multipart body cannot be read: ${error.message}`) : error;
}

/** `250MiB`, `1.5GiB`, `1000 bytes`: in the largest unit that it has one of. */
function inWords(bytes: number): string {
  const unit = (['GiB', 'MiB', 'KiB'] as const).find((_unit, at) => bytes >= 2 ** (30 - 10 * at));
  if (unit === undefined) return `${bytes} bytes`;
  return `${Number((bytes / sizeBytes(`1${unit}`)).toFixed(1))}${unit}`;
}
