import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PullProgress } from '@hearth/core';
import { messageOf } from './errors.ts';
import { BootFailure, type Runtime } from './runtime/runtime.ts';

export interface ImageCopy {
  readonly image: string;
  readonly from: Runtime;
  readonly to: Runtime;
}

/**
 * Brings an image from a host that has it to one that lacks it: through this process, at the pace of the slower one, and
 * nowhere stored on the way.
 * @throws BootFailure `no_space`, `image_missing`, `lost`; the signal's reason
 */
export async function copyImage(
  { image, from, to }: ImageCopy,
  onProgress: (progress: PullProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const facts = await from.inspectImage(image);
  if (facts === null) throw new BootFailure('image_missing', `The image ${image} is gone from the host that had it.`);
  let bytes = 0;
  // What is sent is a little more than what lies there: the names of its files, and padding.
  const tell = (): void => onProgress({ bytes: Math.min(bytes, facts.sizeBytes), totalBytes: facts.sizeBytes });
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      tell();
      done(null, chunk);
    },
  });
  const over = new AbortController();
  const sending = pipeline(await from.save(image), counted, { signal: AbortSignal.any([signal, over.signal]) });
  const broken = sending.then(
    () => null,
    (error: unknown) => (over.signal.aborted ? null : error),
  );
  try {
    await to.load(image, counted, tell, signal);
    await sending;
  } catch (error) {
    over.abort();
    signal.throwIfAborted();
    throw failureOf((await broken) ?? error, image);
  }
}

const failureOf = (error: unknown, image: string): unknown =>
  error instanceof BootFailure
    ? error
    : new BootFailure('lost', `Copying the image ${image} from another host broke off: ${messageOf(error)}`, {
        cause: error,
      });

/** Whether it is there; an engine that has just gone away has nothing to offer. */
export async function hasImage(runtime: Runtime, image: string): Promise<boolean> {
  try {
    return (await runtime.inspectImage(image)) !== null;
  } catch (error) {
    if (error instanceof BootFailure) return false;
    throw error;
  }
}
