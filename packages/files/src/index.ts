export { BlobMissing, BlobTooLarge } from './blob-errors.ts';
export { filesEnvironment, type S3Settings, s3Settings } from './config.ts';
export { createDiskBlobs } from './disk-blobs.ts';
export { createDownloadSigner } from './download-signer.ts';
export { openBlobs } from './open-blobs.ts';
export type { Blobs, DownloadSigner, Signer } from './port.ts';
export { type ByteRange, readRange } from './range.ts';
export { createSigner } from './signer.ts';
