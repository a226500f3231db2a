/** Input files: from the URL in the request to a file that `predict` can open. */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FieldSpec, Fields } from './field.ts';
import { extensionOf } from './media-type.ts';
import { Secret } from './secret.ts';

const needsPreparing = (spec: FieldSpec): boolean =>
  spec.kind === 'file' || spec.kind === 'secret' || (spec.kind === 'list' && needsPreparing(spec.item));

/**
 * Makes the function that turns what a request said into what `predict` receives: URLs become paths of local copies,
 * secrets become {@link Secret}s. Returns its argument where a model has neither, so that such a model pays nothing.
 */
export function inputPreparer(fields: Fields) {
  const special = Object.entries(fields).filter(([, { spec }]) => needsPreparing(spec));
  return async (
    values: Record<string, unknown>,
    run: { readonly tempDir: string; readonly signal: AbortSignal },
  ): Promise<Record<string, unknown>> => {
    if (special.length === 0) return values;
    const prepared = { ...values };
    await Promise.all(
      special.map(async ([name, { spec }]) => {
        prepared[name] = await prepare(spec, values[name], name, run);
      }),
    );
    return prepared;
  };
}

type Run = { readonly tempDir: string; readonly signal: AbortSignal };

async function prepare(spec: FieldSpec, value: unknown, name: string, run: Run): Promise<unknown> {
  if (spec.kind === 'list' && Array.isArray(value)) {
    return Promise.all(value.map((item, index) => prepare(spec.item, item, `${name}-${index}`, run)));
  }
  if (typeof value !== 'string') return value;
  if (spec.kind === 'secret') return new Secret(value);
  return download(value, { folder: `input/${name}`, what: `input '${name}'` }, run);
}

interface Destination {
  /** Below the run's own folder. One for each download: two may have files of the same name. */
  readonly folder: string;
  /** As an error calls it. */
  readonly what: string;
}

/** @throws Error naming what it is and what went wrong; query strings, which may hold signatures, are left out. */
export async function download(
  url: string,
  { folder: below, what }: Destination,
  { tempDir, signal }: Run,
): Promise<string> {
  const folder = join(tempDir, below);
  await mkdir(folder, { recursive: true });
  if (/^data:/i.test(url)) {
    const { mediaType, bytes } = readDataUrl(url, what);
    const path = join(folder, `file${extensionOf(mediaType)}`);
    await writeFile(path, bytes);
    return path;
  }
  const { origin, pathname } = new URL(url);
  const shown = `${origin}${pathname}`;
  const path = join(folder, fileNameIn(pathname));
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    if (response.body === null) await writeFile(path, '');
    else await pipeline(Readable.fromWeb(response.body), createWriteStream(path), { signal });
    return path;
  } catch (error) {
    throw new Error(`could not download ${what} from ${shown}: ${reasonOf(error)}`, { cause: error });
  }
}

/** fetch hides what happened ("fetch failed") in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name;
}

const MAX_NAME_BYTES = 200;

function fileNameIn(pathname: string): string {
  let name = basename(pathname);
  try {
    name = basename(decodeURIComponent(name));
  } catch {
    // Not percent-encoded text: the raw name serves as well.
  }
  return Buffer.byteLength(name) > MAX_NAME_BYTES || name.includes('\0') || ['', '.', '..'].includes(name)
    ? 'file'
    : name;
}

function readDataUrl(url: string, what: string): { readonly mediaType: string; readonly bytes: Buffer } {
  const comma = url.indexOf(',');
  if (comma < 0) throw new Error(`${what}: the data URL has no comma, so no data`);
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  const data = url.slice(comma + 1);
  const base64 = parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64');
  return { mediaType, bytes: base64 ? Buffer.from(data, 'base64') : Buffer.from(decodeURIComponent(data)) };
}
