import type { Readable } from 'node:stream';

/** What a blob turned out to be once it was written whole. */
export interface BlobFacts {
  readonly sizeBytes: number;
  /** hex */
  readonly md5: string;
  /** hex */
  readonly sha256: string;
}

/** Bytes by id. A blob is visible whole or not at all. */
export interface Blobs {
  /** Streams in; throws `BlobTooLarge` past `maxBytes`, leaving nothing behind. */
  put(id: string, content: Readable | Uint8Array, limits: { maxBytes: number }): Promise<BlobFacts>;
  /** Streams out, optionally a byte range (inclusive ends, as HTTP has them). Throws `BlobMissing`. */
  get(id: string, range?: { start: number; end: number }): Promise<Readable>;
  remove(id: string): Promise<void>;
}

/** Capability URLs: whoever has one may read that file until it expires. HMAC-SHA256 over id and expiry. */
export interface Signer {
  /** `<expiry in Unix seconds>.<base64url MAC>` */
  sign(id: string, expiresAtSeconds: number): string;
  verify(id: string, signature: string, nowSeconds: number): boolean;
}
