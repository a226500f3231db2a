import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSigned } from './s3-signature.ts';

/** A server that speaks S3, on a free port of this machine, with one empty bucket. */
export interface TestS3 {
  /** What a server of Hearth is started with to keep its files here. */
  readonly env: {
    readonly S3_ENDPOINT: string;
    readonly S3_BUCKET: string;
    readonly S3_ACCESS_KEY_ID: string;
    readonly S3_SECRET_ACCESS_KEY: string;
  };
  /** Keys of all objects. */
  keys(): Promise<string[]>;
  /** Multipart uploads that were begun and neither completed nor aborted. */
  openUploads(): Promise<string[]>;
  close(): Promise<void>;
}

/** The one account that s3rver knows. */
const KEY = { id: 'S3RVER', secret: 'S3RVER' };
const BUCKET = 'hearth-test';
const OBJECT = '._S3rver_object';

/**
 * s3rver (with `patches/`: it is no longer kept, and four of its faults stood in the way) behind a check of signatures,
 * of which it has none for version 4.
 */
export async function testS3(): Promise<TestS3> {
  // Here, so that the many tests without S3 do not load it.
  const { default: S3rver } = await import('s3rver');
  const directory = await mkdtemp(join(tmpdir(), 'hearth-s3-'));
  const s3 = new S3rver({ silent: true, directory, vhostBuckets: false, configureBuckets: [{ name: BUCKET }] });
  await s3.configureBuckets();
  const answer = s3.callback();
  const server = createServer((request, response) => {
    const refusal = refusalOf(request);
    if (refusal === null) return answer(request, response);
    response.writeHead(403, { 'content-type': 'application/xml', connection: 'close' });
    response.end(`<?xml version="1.0"?><Error><Code>${refusal}</Code><Message>refused by the test</Message></Error>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    env: {
      S3_ENDPOINT: `http://127.0.0.1:${port}`,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY_ID: KEY.id,
      S3_SECRET_ACCESS_KEY: KEY.secret,
    },
    async keys() {
      const files = await readdir(join(directory, BUCKET), { recursive: true });
      return files.filter((file) => file.endsWith(OBJECT)).map((file) => file.slice(0, -OBJECT.length));
    },
    async openUploads() {
      const entries = await readdir(join(directory, BUCKET), { recursive: true });
      return entries.filter((entry) => /_S3rver_uploads\/[^/]+$/.test(entry));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

function refusalOf(request: IncomingMessage): string | null {
  const keyId = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
  if (keyId === undefined) return 'AccessDenied';
  if (keyId !== KEY.id) return 'InvalidAccessKeyId';
  return isSigned(request, KEY.secret) ? null : 'SignatureDoesNotMatch';
}
