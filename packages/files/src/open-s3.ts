import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ConfigError } from '@hearth/kit';
import type { S3Settings } from './config.ts';
import type { Blobs } from './port.ts';
import { createS3Blobs, createS3Client } from './s3-blobs.ts';

/** Says whose files are under this prefix. Its dot keeps it from being a blob. */
const OWNER_KEY = '.installation';

/** @throws ConfigError naming the variable that is wrong */
export async function openS3Blobs(settings: S3Settings, installation: string): Promise<Blobs> {
  const client = createS3Client(settings);
  try {
    await client.send(new ListObjectsV2Command({ Bucket: settings.bucket, Prefix: settings.prefix, MaxKeys: 1 }));
    await claimPrefix(client, settings, installation);
  } catch (error) {
    client.destroy();
    throw error instanceof ConfigError ? error : explained(error, settings);
  }
  return createS3Blobs(client, settings);
}

/** Files that no row knows are removed after a while, so a second installation here would lose all that it has. */
async function claimPrefix(client: S3Client, { bucket, prefix }: S3Settings, installation: string): Promise<void> {
  const object = { Bucket: bucket, Key: prefix + OWNER_KEY };
  const owner = await client.send(new GetObjectCommand(object)).then(
    ({ Body }) => Body?.transformToString() ?? '',
    (error: unknown) => {
      if (error instanceof NoSuchKey) return null;
      throw error;
    },
  );
  if (owner === null) await client.send(new PutObjectCommand({ ...object, Body: installation }));
  else if (owner !== installation)
    throw new ConfigError(
      `S3_PREFIX is ${JSON.stringify(prefix)}; allowed: one that no other Hearth uses in this bucket. (Is that Hearth gone? Remove the object ${object.Key}.)`,
    );
}

/** By S3's error codes, and by how a connection fails: which variable is to be looked at, and what it takes. */
const FAULTS = [
  [/^(NoSuchBucket|InvalidBucketName)$/, 'S3_BUCKET', 'the name of a bucket that exists'],
  [/^(InvalidAccessKeyId|CredentialsProviderError)$/, 'S3_ACCESS_KEY_ID', 'the id of a key that S3 knows'],
  [/^SignatureDoesNotMatch$/, 'S3_SECRET_ACCESS_KEY', 'the secret that belongs to S3_ACCESS_KEY_ID'],
  [
    /^(AccessDenied|Forbidden|AllAccessDisabled)$/,
    'S3_ACCESS_KEY_ID',
    'a key that may list, read, write and delete in S3_BUCKET',
  ],
  [/^(PermanentRedirect|AuthorizationHeaderMalformed)$/, 'S3_REGION', 'the region that S3_BUCKET is in'],
  [
    /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|EPROTO|TimeoutError)$/,
    'S3_ENDPOINT',
    'the URL of a server that speaks S3',
  ],
] as const;

function explained(error: unknown, settings: S3Settings): unknown {
  if (!(error instanceof Error)) return error;
  const codes = [error.name, 'code' in error ? String(error.code) : ''];
  const [, variable, allowed] = FAULTS.find(([code]) => codes.some((each) => code.test(each))) ?? [];
  if (variable === undefined) return error;
  const is = {
    S3_BUCKET: settings.bucket,
    S3_ACCESS_KEY_ID: settings.credentials?.accessKeyId,
    S3_SECRET_ACCESS_KEY: settings.credentials === null ? undefined : '[secret]',
    S3_REGION: settings.region,
    S3_ENDPOINT: settings.endpoint ?? undefined,
  }[variable];
  const found = is === undefined ? 'is not set' : `is ${JSON.stringify(is)}`;
  return new ConfigError(`${variable} ${found}; allowed: ${allowed} (${error.message || codes[1]})`, { cause: error });
}
