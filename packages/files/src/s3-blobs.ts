import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  NoSuchKey,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { assertBlobId, BlobMissing, isBlobId } from './blob-errors.ts';
import type { S3Settings } from './config.ts';
import { createMeter } from './meter.ts';
import type { Blobs, ListedBlob } from './port.ts';

/** S3 takes 10,000 parts at most: 80 GB. Two parts of an upload are in memory at a time. */
const PART_BYTES = 8 * 2 ** 20;
const PARTS_AT_ONCE = 2;
/** Each download to a slow caller holds a connection; the SDK's own limit, 50, would keep the others waiting. */
const MAX_SOCKETS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;

export function createS3Client(settings: S3Settings): S3Client {
  const { endpoint, region, forcePathStyle, credentials } = settings;
  const config: S3ClientConfig = {
    region,
    forcePathStyle,
    ...(endpoint !== null && { endpoint }),
    // Without keys the SDK looks where AWS's own tools do: AWS_* variables, ~/.aws, the machine's role.
    ...(credentials !== null && { credentials }),
    // The SDK's newer checksums come in trailers, which many servers that speak S3 refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      httpAgent: { maxSockets: MAX_SOCKETS },
      httpsAgent: { maxSockets: MAX_SOCKETS },
    },
  };
  return new S3Client(config);
}

/**
 * Blobs as objects `<prefix><id>` of a bucket. An object appears when its last part is in, so it is whole or not there;
 * larger ones go up in parts while they come in. Bytes are streamed through us both ways: clients that send a token
 * along would be refused by S3's presigned URLs (contract §0.12).
 */
export function createS3Blobs(client: S3Client, { bucket, prefix }: S3Settings): Blobs {
  const objectOf = (id: string) => {
    assertBlobId(id);
    return { Bucket: bucket, Key: prefix + id };
  };

  return {
    async put(id, content, { maxBytes }) {
      const meter = createMeter(id, maxBytes);
      const params = { ...objectOf(id), Body: meter.stream };
      const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE });
      const source = content instanceof Readable ? content : Readable.from([content]);
      // Piped in this same tick: a sender that goes away before it is listened to would end the process.
      const reading = pipeline(source, meter.stream);
      const sending = upload.done().catch((error: unknown) => {
        meter.stream.destroy(error instanceof Error ? error : new Error(String(error)));
        throw error;
      });
      const [read, sent] = await Promise.allSettled([reading, sending]);
      // What went wrong with the source says more than what that did to the upload.
      if (sent.status === 'rejected') throw read.status === 'rejected' ? read.reason : sent.reason;
      return meter.facts();
    },

    async get(id, range) {
      const Range = range && `bytes=${range.start}-${range.end}`;
      const { Body } = await client.send(new GetObjectCommand({ ...objectOf(id), Range })).catch((error: unknown) => {
        throw error instanceof NoSuchKey ? new BlobMissing(id) : error;
      });
      if (!(Body instanceof Readable)) throw new Error(`S3 answered object ${id} without a body`);
      return Body;
    },

    async remove(id) {
      await client.send(new DeleteObjectCommand(objectOf(id)));
    },

    list: () => listed(client, bucket, prefix),

    // A thousand at most; the next call has the rest.
    async removeDrafts(before) {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }));
      const left = Uploads.filter(({ Initiated }) => Initiated !== undefined && Initiated.getTime() < before);
      for (const { Key, UploadId } of left)
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
      return left.length;
    },
  };
}

async function* listed(client: S3Client, bucket: string, prefix: string): AsyncGenerator<ListedBlob> {
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key = '', LastModified } of page.Contents ?? []) {
      const id = Key.slice(prefix.length);
      if (isBlobId(id) && LastModified) yield { id, writtenAt: LastModified.getTime() };
    }
  }
}
