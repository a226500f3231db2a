import { createPredictionUrls, type PredictionUrls, streamSubject } from '@hearth/contract';
import type { DownloadSigner, Signer } from '@hearth/files';
import { Problem } from './problem.ts';

/** The addresses that the API gives out. */
export interface Urls extends PredictionUrls {
  /** The id that a stream's capability stands for; null where it is wrong. @throws Problem `url-expired` */
  streamOf(capability: string): string | null;
  file(id: string): string;
  download(file: { id: string; owner: string; expiresAt: number }): string;
  /** Whether `owner`, `expiry` and `signature` of a download URL are ours. @throws Problem `url-expired` */
  mayDownload(id: string, query: { owner: string; expiry: string; signature: string }): boolean;
  /** The file id that an output's capability stands for; null where it is wrong. @throws Problem `url-expired` */
  outputOf(capability: string): string | null;
  model(owner: string, name: string): string;
  /** An absolute URL of a path below `/v1`. */
  api(path: string): string;
}

/** Of a URL whose signature is ours: whoever has it may know why it leads nowhere any more. */
function requireCurrent(expiresAtSeconds: number, nowSeconds: number): void {
  if (nowSeconds < expiresAtSeconds) return;
  throw new Problem('url-expired', `This URL was good until ${new Date(expiresAtSeconds * 1_000).toISOString()}.`);
}

export function createUrls(
  publicUrl: string,
  { signer, downloads }: { signer: Signer; downloads: DownloadSigner },
  now: () => number,
): Urls {
  const api = (path: string) => `${publicUrl}/v1${path}`;
  const nowSeconds = () => Math.floor(now() / 1000);

  const opened = (capability: string, keyOf: (id: string) => string): string | null => {
    const dot = capability.indexOf('.');
    if (dot < 1) return null;
    const [id, signature] = [capability.slice(0, dot), capability.slice(dot + 1)];
    if (!signer.verify(keyOf(id), signature, 0)) return null;
    requireCurrent(Number.parseInt(signature, 10), nowSeconds());
    return id;
  };

  return {
    api,
    ...createPredictionUrls(publicUrl, (subject, expiresAtSeconds) => signer.sign(subject, expiresAtSeconds)),
    streamOf: (capability) => opened(capability, streamSubject),
    file: (id) => api(`/files/${id}`),
    download({ id, owner, expiresAt }) {
      const expiry = String(Math.floor(expiresAt / 1000));
      const signature = downloads.sign({ owner, id, expiry });
      return `${api(`/files/${id}/download`)}?${new URLSearchParams({ owner, expiry, signature }).toString()}`;
    },
    mayDownload(id, { owner, expiry, signature }) {
      if (!downloads.verify({ owner, id, expiry }, signature, 0)) return false;
      requireCurrent(Number(expiry), nowSeconds());
      return true;
    },
    outputOf: (capability) => opened(capability, (id) => id),
    model: (owner, name) => `${publicUrl}/${owner}/${name}`,
  };
}
