import type { Signer } from '@hearth/files';

/** A stream's URL is good for this long after its prediction was made. */
const STREAM_DAYS = 365;
const DAY_SECONDS = 86_400;

/** The addresses that the API gives out. */
export interface Urls {
  prediction(id: string): { web: string; get: string; cancel: string };
  /** A capability: whoever has it may read that stream, because clients send no token with it (contract §0.9). */
  stream(prediction: { id: string; createdAt: number }): string;
  /** The id that a stream's capability stands for; null where it is wrong or over. */
  streamOf(capability: string): string | null;
  file(id: string): string;
  download(file: { id: string; owner: string; expiresAt: number }): string;
  /** Whether `owner`, `expiry` and `signature` of a download URL are ours and not over. */
  mayDownload(id: string, query: { owner: string; expiry: string; signature: string }): boolean;
  /** The file id that an output's capability stands for; null where it is wrong or over. */
  outputOf(capability: string): string | null;
  model(owner: string, name: string): string;
  /** An absolute URL of a path below `/v1`. */
  api(path: string): string;
}

export function createUrls(publicUrl: string, signer: Signer, now: () => number): Urls {
  const api = (path: string) => `${publicUrl}/v1${path}`;
  const nowSeconds = () => Math.floor(now() / 1000);
  // The words in front keep a signature for one purpose from being good for another.
  const streamKey = (id: string) => `stream ${id}`;
  const downloadKey = (owner: string, id: string) => `download ${owner} ${id}`;

  const opened = (capability: string, keyOf: (id: string) => string): string | null => {
    const dot = capability.indexOf('.');
    if (dot < 1) return null;
    const id = capability.slice(0, dot);
    return signer.verify(keyOf(id), capability.slice(dot + 1), nowSeconds()) ? id : null;
  };

  return {
    api,
    prediction: (id) => ({
      web: `${publicUrl}/p/${id}`,
      get: api(`/predictions/${id}`),
      cancel: api(`/predictions/${id}/cancel`),
    }),
    stream({ id, createdAt }) {
      const expires = Math.floor(createdAt / 1000) + STREAM_DAYS * DAY_SECONDS;
      return api(`/streams/${id}.${signer.sign(streamKey(id), expires)}`);
    },
    streamOf: (capability) => opened(capability, streamKey),
    file: (id) => api(`/files/${id}`),
    download({ id, owner, expiresAt }) {
      const signed = signer.sign(downloadKey(owner, id), Math.floor(expiresAt / 1000));
      const [expiry = '', signature = ''] = signed.split('.');
      return `${api(`/files/${id}/download`)}?${new URLSearchParams({ owner, expiry, signature }).toString()}`;
    },
    mayDownload: (id, { owner, expiry, signature }) =>
      signer.verify(downloadKey(owner, id), `${expiry}.${signature}`, nowSeconds()),
    outputOf: (capability) => opened(capability, (id) => id),
    model: (owner, name) => `${publicUrl}/${owner}/${name}`,
  };
}
