/** Output files: from the path that `predict` returned to the URL that the caller sees. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { COG_PREDICTION_ID_HEADER } from '@hearth/contract/south/protocol';
import type { Manners } from './generation.ts';
import { mediaTypeOf } from './media-type.ts';
import { messageOf } from './message-of.ts';
import type { Outbound } from './outbound.ts';
import { holdsFile, type OutputSpec } from './output.ts';
import type { PredictionCall } from './request.ts';
import type { Settings } from './settings.ts';

/** About 25 s in all, where Cog gives up within one: a platform that restarts must not cost hours of training. */
const UPLOAD_RETRIES = 8;
const UPLOAD_TIMEOUT_MS = 60_000;

/** Turns the local path of an output file into what is reported for it; null: it is missing. */
export type Publish = (path: string) => Promise<string | null>;

const asDataUrl: Publish = async (path) =>
  `data:${mediaTypeOf(path)};base64,${(await readFile(path)).toString('base64')}`;

/** What A and B do for an async prediction without an upload URL: the path inside the container, which helps nobody else. */
export const asLocalPath: Publish = async (path) => path;

interface UploadManners {
  /** Told with the file; null: the platform finds out for itself. */
  readonly predictionId: string | null;
  readonly retries: number;
}

/**
 * PUTs the bytes to `<uploadUrl>/<name>`. The final URL is the answer's `Location`, or else the request's own, without
 * its query string: an upload address that is the same for all must name each file anew in `Location`.
 */
const asUpload =
  (outbound: Outbound, uploadUrl: string, { predictionId, retries }: UploadManners): Publish =>
  async (path) => {
    const url = `${uploadUrl.replace(/\/+$/, '')}/${encodeURIComponent(basename(path))}`;
    const { size } = await stat(path);
    const headers = {
      'content-type': mediaTypeOf(path),
      'content-length': size,
      ...(predictionId !== null && { [COG_PREDICTION_ID_HEADER]: predictionId }),
    };
    const body = () => createReadStream(path);
    const name = basename(path);
    // Where it says where to, the platform knows that it was not there itself.
    const answer = await outbound
      .sendWithRetries({ method: 'PUT', url, headers, body, timeoutMs: UPLOAD_TIMEOUT_MS }, retries)
      .catch((error: unknown) => {
        throw new Error(`could not upload output file '${name}' to ${url}: ${messageOf(error)}`);
      });
    if (answer.status >= 500)
      throw new Error(`could not upload output file '${name}' to ${url}: the server answered ${answer.status}`);
    if (answer.status < 200 || answer.status >= 300)
      throw new Error(`could not upload output file '${name}': the server answered ${answer.status}`);
    const final = new URL(answer.headers.location ?? url, url);
    final.search = '';
    return final.href;
  };

/** What A and B do with `output_file_prefix`: the file as a form, to `<prefix><name>`, which is also its URL. */
const asForm =
  (outbound: Outbound, prefix: string): Publish =>
  async (path) => {
    const name = basename(path);
    const form = new FormData();
    form.set('file', new Blob([await readFile(path)], { type: mediaTypeOf(path) }), name);
    // Never sent: a Request knows how to write a form as bytes.
    const request = new Request(prefix, { method: 'PUT', body: form });
    const bytes = Buffer.from(await request.arrayBuffer());
    const headers = { 'content-type': request.headers.get('content-type') ?? '', 'content-length': bytes.length };
    const url = `${prefix}${encodeURIComponent(name)}`;
    const answer = await outbound.send({
      method: 'PUT',
      url,
      headers,
      body: () => Readable.from(bytes),
      timeoutMs: UPLOAD_TIMEOUT_MS,
    });
    if (answer.status >= 300)
      throw new Error(`could not upload output file '${name}': the server answered ${answer.status}`);
    return url;
  };

export interface Publishing {
  readonly settings: Pick<Settings, 'uploadUrl'>;
  readonly manners: Manners;
  readonly outbound: Outbound;
  readonly print: (text: string) => void;
}

/** How the files of a prediction are published. A sync answer of A and B holds them, whatever upload URL there is. */
export function publisherFor(call: PredictionCall, mode: 'sync' | 'async', publishing: Publishing): Publish {
  const { settings, manners, outbound, print } = publishing;
  const { uploadUrl } = settings;
  if (mode === 'sync' && manners.takesPrefix && call.outputFilePrefix !== null)
    return asForm(outbound, call.outputFilePrefix);
  if (mode === 'sync' && !manners.inlinesFiles) return asDataUrl;
  if (uploadUrl === null) return manners.inlinesFiles ? asDataUrl : asLocalPath;
  if (manners.mindsUploads) return asUpload(outbound, uploadUrl, { predictionId: call.id, retries: UPLOAD_RETRIES });
  const upload = asUpload(outbound, uploadUrl, { predictionId: null, retries: 0 });
  // As coglet does: a file that could not be uploaded is missing, and only the log says so.
  return async (path) =>
    upload(path).catch((error: unknown) => {
      print(`Failed to upload file output: ${String(error)}\n`);
      return null;
    });
}

/** Replaces every file in an output by what `publish` makes of it. @throws Error where a file is not a path. */
export async function publishFiles(spec: OutputSpec, value: unknown, publish: Publish): Promise<unknown> {
  if (value === null || value === undefined) return null;
  if (!holdsFile(spec)) return value;
  if (spec.kind === 'list' && Array.isArray(value)) {
    return Promise.all(value.map((item) => publishFiles(spec.item, item, publish)));
  }
  if (spec.kind === 'object' && typeof value === 'object') {
    const entries = Object.entries(value).map(async ([name, item]) => {
      const itemSpec = spec.properties[name];
      return [name, itemSpec ? await publishFiles(itemSpec, item, publish) : item] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }
  if (spec.kind === 'file' && typeof value === 'string') return publish(value);
  throw new Error(`the model returned ${typeof value} where its output is declared as ${spec.kind}`);
}
