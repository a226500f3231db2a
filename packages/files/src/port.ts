import type { Readable } from 'node:stream';

/** What a blob turned out to be once it was written whole. */
export interface BlobFacts {
  readonly sizeBytes: number;
  /** hex */
  readonly md5: string;
  /** hex */
  readonly sha256: string;
}

/** A blob as a listing has it. `writtenAt`: epoch milliseconds, by the clock of whatever holds it. */
export interface ListedBlob {
  readonly id: string;
  readonly writtenAt: number;
}

/** Bytes by id. A blob is visible whole or not at all. Ids are 3 to 128 characters of A-Z a-z 0-9 _ - */
export interface Blobs {
  /** Streams in; throws `BlobTooLarge` past `maxBytes`, leaving nothing behind. */
  put(id: string, content: Readable | Uint8Array, limits: { maxBytes: number }): Promise<BlobFacts>;
  /** Streams out, optionally a byte range (inclusive ends, as HTTP has them). Throws `BlobMissing`. */
  get(id: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Removing what is not there is nothing. */
  remove(id: string): Promise<void>;
  /** Every blob, in no order. What is written or removed meanwhile may be missing or there. */
  list(): AsyncIterable<ListedBlob>;
  /** Removes the bytes of puts that began before an instant (epoch milliseconds) and never ended; answers how many. */
  removeDrafts(before: number): Promise<number>;
}

/** Capability URLs: whoever has one may read that file until it expires. HMAC-SHA256 over id and expiry. */
export interface Signer {
  /** `<expiry in Unix seconds>.<base64url MAC>` */
  sign(id: string, expiresAtSeconds: number): string;
  verify(id: string, signature: string, nowSeconds: number): boolean;
}

/** What a download URL is signed over. `expiry`: Unix seconds, in decimal digits, as it stands in the URL. */
export interface DownloadGrant {
  readonly owner: string;
  readonly id: string;
  readonly expiry: string;
}

/** Signatures of `/files/{id}/download`, as Replicate documents them (contract §4.2), so that its own examples work. */
export interface DownloadSigner {
  /** base64 HMAC-SHA256 of `owner id expiry`, joined by spaces. */
  sign(grant: DownloadGrant): string;
  verify(grant: DownloadGrant, signature: string, nowSeconds: number): boolean;
}
