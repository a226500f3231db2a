import type { S3Settings } from './config.ts';
import { createDiskBlobs } from './disk-blobs.ts';
import type { Blobs } from './port.ts';

export interface FilesPlace {
  /** Where files are kept if not in S3. */
  readonly folder: string;
  /** Null: in the folder. */
  readonly s3: S3Settings | null;
  /** Which Hearth this is; two of them must not keep house in one place. */
  readonly installation: string;
}

/**
 * Where the files of this installation are kept, looked at once. S3's code is loaded only where it is used: it takes
 * longer to import than the rest of a server.
 * @throws ConfigError naming the variable that is wrong
 */
export async function openBlobs({ folder, s3, installation }: FilesPlace): Promise<Blobs> {
  if (s3 === null) return createDiskBlobs(folder);
  const { openS3Blobs } = await import('./open-s3.ts');
  return openS3Blobs(s3, installation);
}
