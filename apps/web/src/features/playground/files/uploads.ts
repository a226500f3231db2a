import { useSyncExternalStore } from 'react';
import { api } from '../../../api/client.ts';

/** What this page knows of a file that it sent itself, by its URL. */
export interface SentFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Good for as long as the page is. */
  readonly localUrl: string;
}

const sent = new Map<string, SentFile>();
let underWay = 0;
const listeners = new Set<() => void>();

function count(by: number): void {
  underWay += by;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Uploads a file; answers the URL that an input takes. @throws ApiError, such as `file-too-large` */
export async function sendFile(file: File): Promise<string> {
  count(1);
  try {
    const { urls } = await api.files.upload(file, file.name);
    const { name, type: contentType, size: sizeBytes } = file;
    sent.set(urls.get, { name, contentType, sizeBytes, localUrl: URL.createObjectURL(file) });
    return urls.get;
  } finally {
    count(-1);
  }
}

export const sentFile = (url: string): SentFile | undefined => sent.get(url);

/** How many uploads are under way, wherever on the page. */
export const useUploads = (): number => useSyncExternalStore(subscribe, () => underWay);
