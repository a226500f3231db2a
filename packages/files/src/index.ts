export { BlobMissing, BlobTooLarge, createBlobs } from './blobs.ts';
export type { Blobs, Signer } from './port.ts';
export { createSigner } from './signer.ts';
