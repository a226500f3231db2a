import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Millis } from '@hearth/core';
import { type Blobs, BlobTooLarge, type Signer } from '@hearth/files';
import { newId } from '@hearth/kit';
import type { FileRow, Store } from '@hearth/store';
import mime from 'mime-types';
import type { Limits } from '../limits.ts';
import { outputFileId } from './inputs.ts';

/** An output's URL is a capability without an end; retention removes the file itself. */
const OUTPUT_URL_LIFETIME_S = 100 * 365 * 24 * 3600;

export interface OutputContext {
  readonly store: Pick<Store, 'files'>;
  readonly blobs: Blobs;
  readonly signer: Signer;
  readonly publicUrl: string;
  readonly limits: Pick<Limits, 'outputFileBytes' | 'outputFiles'>;
  readonly now: () => Millis;
}

export interface OutputFile {
  readonly name: string;
  readonly contentType: string;
  readonly content: Readable | Uint8Array;
  /** Whose prediction it came from; null where the container did not say and several were in flight. */
  readonly prediction: { readonly id: string; readonly accountId: string } | null;
}

/** The bytes could not be written. Not a matter of the store, so trying again is not worth the wait. */
export class OutputNotStored extends Error {
  override readonly name = 'OutputNotStored';
  /** What an uploading container is answered: too large, or no room now, which Cog tries again (contract §6). */
  readonly statusCode: 413 | 503;
  constructor(cause: unknown) {
    const message = cause instanceof Error ? cause.message : String(cause);
    super(cause instanceof BlobTooLarge ? `${message} (HEARTH_MAX_OUTPUT_FILE)` : message, { cause });
    this.statusCode = cause instanceof BlobTooLarge ? 413 : 503;
  }
}

/**
 * Stores a file that a model made and answers the URL that users get. `pausesMs`: between tries at its record.
 * @throws OutputNotStored where the bytes cannot be written, and what the store throws
 */
export async function storeOutput(
  file: OutputFile,
  context: OutputContext,
  pausesMs: readonly number[] = [],
): Promise<{ url: string; row: FileRow }> {
  const { store, blobs, signer, publicUrl, limits, now } = context;
  const createdAt = now();
  const id = newId(createdAt);
  const facts = await blobs.put(id, file.content, { maxBytes: limits.outputFileBytes }).catch((error: unknown) => {
    throw new OutputNotStored(error);
  });
  const record: FileRow = {
    id,
    accountId: file.prediction?.accountId ?? null,
    kind: 'output',
    predictionId: file.prediction?.id ?? null,
    name: file.name,
    contentType: file.contentType,
    metadata: {},
    createdAt,
    expiresAt: null,
    ...facts,
  };
  const row = await patiently(() => store.files.insert(record), pausesMs);
  const signature = signer.sign(id, Math.floor(createdAt / 1000) + OUTPUT_URL_LIFETIME_S);
  return { url: `${publicUrl}/v1/outputs/${id}.${signature}/${encodeURIComponent(file.name)}`, row };
}

/** Ids of the files of ours that an output names. */
export function outputFilesIn(output: unknown, signer: Signer, nowSeconds: number): string[] {
  if (typeof output === 'string') {
    const id = outputFileId(output, signer, nowSeconds);
    return id === null ? [] : [id];
  }
  if (typeof output !== 'object' || output === null) return [];
  return Object.values(output).flatMap((item) => outputFilesIn(item, signer, nowSeconds));
}

async function patiently<T>(attempt: () => Promise<T>, pausesMs: readonly number[]): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await attempt();
    } catch {
      // The last try says what is wrong.
      await delay(pauseMs);
    }
  }
  return attempt();
}

/** Only the form that Cog writes; a text that merely begins with "data:" is a text. */
const DATA_URI = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,([A-Za-z0-9+/_=-]*)$/;

export const tooManyFiles = ({ outputFiles }: Pick<Limits, 'outputFiles'>): string =>
  `It has more than ${outputFiles} output files (HEARTH_MAX_OUTPUT_FILES).`;

/** Replaces `data:` URIs in an output by URLs of stored files; each is stored once however often it is reported. */
export interface OutputFiles {
  /** @throws OutputNotStored */
  resolve(output: unknown): Promise<unknown>;
  /** Counts one that is about to be uploaded, before its first byte: many come at once. False: it is one too many. */
  reserve(): boolean;
  /** One that was not stored after all. */
  release(): void;
}

export function createOutputFiles(prediction: OutputFile['prediction'], context: OutputContext): OutputFiles {
  const urls = new Map<string, Promise<string>>();
  let uploaded = 0;
  const isFull = (): boolean => urls.size + uploaded >= context.limits.outputFiles;

  const urlOf = (contentType: string, base64: string): Promise<string> => {
    const key = createHash('sha256').update(contentType).update(',').update(base64).digest('base64');
    const known = urls.get(key);
    if (known) return known;
    if (isFull()) return Promise.reject(new OutputNotStored(new Error(tooManyFiles(context.limits))));
    const extension = mime.extension(contentType);
    const stem = urls.size === 0 ? 'output' : `output-${urls.size}`;
    const name = extension ? `${stem}.${extension}` : stem;
    const url = storeOutput({ name, contentType, content: Buffer.from(base64, 'base64'), prediction }, context).then(
      (stored) => stored.url,
    );
    urls.set(key, url);
    // One that failed is tried again when it is next reported.
    url.catch(() => urls.delete(key));
    return url;
  };
  const resolve = (output: unknown): unknown => {
    if (typeof output === 'string') {
      const [, contentType, base64] = output.startsWith('data:') ? (DATA_URI.exec(output) ?? []) : [];
      return contentType === undefined || base64 === undefined ? output : urlOf(contentType, base64);
    }
    if (Array.isArray(output)) return Promise.all(output.map(resolve));
    if (typeof output !== 'object' || output === null) return output;
    const entries = Object.entries(output).map(async ([key, item]) => [key, await resolve(item)] as const);
    return Promise.all(entries).then(Object.fromEntries);
  };
  return {
    resolve: async (output) => (holdsDataUri(output) ? resolve(output) : output),
    reserve() {
      if (isFull()) return false;
      uploaded++;
      return true;
    },
    release: () => uploaded--,
  };
}

/** Long token lists are reported again and again; they are walked once and copied only when there is need. */
function holdsDataUri(output: unknown): boolean {
  if (typeof output === 'string') return output.startsWith('data:');
  if (typeof output !== 'object' || output === null) return false;
  return Object.values(output).some(holdsDataUri);
}
