/** Output files: from the path that `predict` returned to the URL that the caller sees. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { COG_PREDICTION_ID_HEADER } from '@hearth/contract/south/protocol';
import { mediaTypeOf } from './media-type.ts';
import type { Outbound } from './outbound.ts';
import { holdsFile, type OutputSpec } from './output.ts';

const UPLOAD_RETRIES = 3;
const UPLOAD_TIMEOUT_MS = 60_000;

/** Turns the local path of an output file into what is reported for it. */
export type Publish = (path: string) => Promise<string>;

export const asDataUrl: Publish = async (path) =>
  `data:${mediaTypeOf(path)};base64,${(await readFile(path)).toString('base64')}`;

/** What B does for an async prediction without an upload URL: the path inside the container, which helps nobody else. */
export const asLocalPath: Publish = async (path) => path;

/**
 * PUTs the bytes to `<uploadUrl>/<name>`. The final URL is the answer's `Location`, or else the request's own, without
 * its query string: an upload address that is the same for all must name each file anew in `Location`.
 */
export const asUpload =
  (outbound: Outbound, uploadUrl: string, predictionId: string | null): Publish =>
  async (path) => {
    const url = `${uploadUrl.replace(/\/+$/, '')}/${encodeURIComponent(basename(path))}`;
    const { size } = await stat(path);
    const headers = {
      'content-type': mediaTypeOf(path),
      'content-length': size,
      ...(predictionId !== null && { [COG_PREDICTION_ID_HEADER]: predictionId }),
    };
    const body = () => createReadStream(path);
    const answer = await outbound.sendWithRetries(
      { method: 'PUT', url, headers, body, timeoutMs: UPLOAD_TIMEOUT_MS },
      UPLOAD_RETRIES,
    );
    if (answer.status < 200 || answer.status >= 300) {
      throw new Error(`could not upload output file '${basename(path)}': the server answered ${answer.status}`);
    }
    const final = new URL(answer.headers.location ?? url, url);
    final.search = '';
    return final.href;
  };

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
