import { ConfigError, zBoolean, zUrl } from '@hearth/kit';
import { z } from 'zod';

export interface S3Settings {
  readonly bucket: string;
  /** Null: Amazon's own. */
  readonly endpoint: string | null;
  readonly region: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly forcePathStyle: boolean;
  /** Null: where AWS's own tools find them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  /** In front of every key; empty, or ends with a slash. */
  readonly prefix: string;
}

/** The variables that say where files are kept, as part of a server's own schema. Without `S3_BUCKET`: on disk. */
export const filesEnvironment = {
  S3_BUCKET: z.string().optional(),
  S3_ENDPOINT: zUrl().optional(),
  S3_REGION: z.string().prefault('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_FORCE_PATH_STYLE: zBoolean().optional(),
  S3_PREFIX: z.string().prefault('hearth/'),
};

type FilesEnvironment = z.output<z.ZodObject<typeof filesEnvironment>>;

/** Null: files are kept on disk. @throws ConfigError where one key is of no use without another */
export function s3Settings(env: FilesEnvironment): S3Settings | null {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (bucket === undefined) {
    if (env.S3_ENDPOINT === undefined && accessKeyId === undefined) return null;
    throw new ConfigError('S3_BUCKET is not set; allowed: the name of a bucket that exists, or no S3_ variable at all');
  }
  if (accessKeyId === undefined && secretAccessKey !== undefined)
    throw new ConfigError('S3_ACCESS_KEY_ID is not set; allowed: the id of the key in S3_SECRET_ACCESS_KEY');
  if (accessKeyId !== undefined && secretAccessKey === undefined)
    throw new ConfigError('S3_SECRET_ACCESS_KEY is not set; allowed: the secret of the key in S3_ACCESS_KEY_ID');
  return {
    bucket,
    endpoint: env.S3_ENDPOINT ?? null,
    region: env.S3_REGION,
    // What people run themselves has no name for each bucket.
    forcePathStyle: env.S3_FORCE_PATH_STYLE ?? env.S3_ENDPOINT !== undefined,
    credentials: accessKeyId !== undefined && secretAccessKey !== undefined ? { accessKeyId, secretAccessKey } : null,
    prefix: env.S3_PREFIX.replace(/\/*$/, '/').replace(/^\/+/, ''),
  };
}
