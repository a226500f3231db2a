import type { Signer } from '@hearth/files';
import type { Store } from '@hearth/store';
import { fetchedUrl } from './fetched-input.ts';

/** Past any run: an input is fetched when the run starts. */
const INPUT_URL_LIFETIME_S = 7 * 24 * 3600;

/** Keeps a container's URL for an input from being of use for any other run, or anywhere else. */
export const inputSubject = (cogId: string, fileId: string): string => `input:${cogId}:${fileId}`;

/** `urls.get` of an uploaded file, as clients put it into `input` (contract §0.13); Python's base URL doubles the `/v1`. */
const UPLOAD_URL = /^https?:\/\/[^/?#]+(?:\/v1){1,2}\/files\/([\w-]+)(?:\/download)?(?:[?#].*)?$/;
/** An output of an earlier prediction: `/v1/outputs/<file id>.<expiry>.<mac>/<name>`. */
const OUTPUT_URL = /^https?:\/\/[^/?#]+(?:\/v1){1,2}\/outputs\/([\w-]+)\.(\d+\.[\w-]+)\/[^/?#]*(?:[?#].*)?$/;

export interface InputContext {
  readonly store: Pick<Store, 'files'>;
  readonly signer: Signer;
  /** Where the container reaches the dispatcher. */
  readonly callbackBase: string;
  readonly accountId: string;
  /** The run that it is for. */
  readonly cogId: string;
  /** Inputs whose URLs are to be fetched through us. */
  readonly throughUs: ReadonlySet<string>;
  readonly nowSeconds: number;
}

/**
 * The input as a container gets it: our own file URLs become ones that it can fetch without a token. A null in it is meant
 * (the api takes out those that the schema does not allow, which coglet would refuse).
 * A URL of a file that is unknown, expired or another account's stays as it is.
 */
export async function containerInput(
  input: Readonly<Record<string, unknown>>,
  context: InputContext,
): Promise<Record<string, unknown>> {
  const entries = Object.entries(input).map(async ([key, value]) => {
    const own = await rewritten(value, context);
    return [key, context.throughUs.has(key) ? fetchedThroughUs(own, context) : own] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function fetchedThroughUs(value: unknown, context: InputContext): unknown {
  if (Array.isArray(value)) return value.map((item) => fetchedThroughUs(item, context));
  const isForeign =
    typeof value === 'string' &&
    /^https?:/i.test(value) &&
    URL.canParse(value) &&
    !value.startsWith(`${context.callbackBase}/inputs/`);
  return isForeign ? fetchedUrl(value, context) : value;
}

function rewritten(value: unknown, context: InputContext): unknown {
  if (typeof value === 'string') return containerUrl(value, context);
  if (Array.isArray(value)) return Promise.all(value.map((item) => rewritten(item, context)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await rewritten(item, context)] as const);
  return Promise.all(entries).then(Object.fromEntries);
}

function containerUrl(text: string, context: InputContext): string | Promise<string> {
  const upload = UPLOAD_URL.exec(text);
  if (upload?.[1]) return fetchable(text, upload[1], context, (accountId) => accountId === context.accountId);
  const outputId = outputFileId(text, context.signer, context.nowSeconds);
  return outputId === null ? text : fetchable(text, outputId, context, () => true);
}

/** The file that an output's URL stands for; null where it is none of ours. */
export function outputFileId(url: string, signer: Signer, nowSeconds: number): string | null {
  const [, id, signature] = OUTPUT_URL.exec(url) ?? [];
  if (id === undefined || signature === undefined) return null;
  return signer.verify(id, signature, nowSeconds) ? id : null;
}

async function fetchable(
  url: string,
  fileId: string,
  { store, signer, callbackBase, cogId, nowSeconds }: InputContext,
  mayRead: (accountId: string | null) => boolean,
): Promise<string> {
  const file = await store.files.get(fileId);
  const isExpired = file?.expiresAt != null && file.expiresAt <= nowSeconds * 1_000;
  if (!file || isExpired || !mayRead(file.accountId)) return url;
  const signature = signer.sign(inputSubject(cogId, fileId), nowSeconds + INPUT_URL_LIFETIME_S);
  return `${callbackBase}/inputs/${cogId}/${fileId}/${encodeURIComponent(file.name)}?signature=${signature}`;
}
