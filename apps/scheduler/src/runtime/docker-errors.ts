import type { FailureKind } from '@hearth/core';
import { codeOf, messageOf, statusOf } from '../errors.ts';
import { BootFailure } from './runtime.ts';

/** Words of an engine's errors, most particular first. Seen on Docker 20.10 unless another source is named. */
const BY_MESSAGE: readonly (readonly [RegExp, FailureKind])[] = [
  [/no space left on device|insufficient (disk )?space/i, 'no_space'],
  [
    /could not select device driver|nvidia-container-cli|unknown or invalid (device|runtime)|unresolvable CDI/i,
    'gpu_lost',
  ],
  [
    /no such image|manifest (for .* )?(not found|unknown)|repository does not exist|pull access denied/i,
    'image_missing',
  ],
  // runc: the image's own command can't be run.
  [/OCI runtime create failed|executable file not found|exec format error|permission denied: unknown/i, 'setup_error'],
];

/** The engine does not answer at all. */
const isUnreachable = (error: Error): boolean =>
  ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EACCES', 'ETIMEDOUT', 'EHOSTUNREACH'].includes(
    codeOf(error) ?? '',
  );

/** An error of the engine during a boot, classified; what is no error of the engine goes on as it is. */
export function bootFailureOf(error: unknown, doing: string): unknown {
  if (!(error instanceof Error) || error instanceof BootFailure || error.name === 'AbortError') return error;
  if (isUnreachable(error)) {
    return new BootFailure('lost', `The Docker Engine did not answer while ${doing}: ${error.message}`, {
      cause: error,
    });
  }
  const said = reasonOf(error.message);
  const kind = BY_MESSAGE.find(([words]) => words.test(error.message))?.[1];
  if (kind !== undefined) return new BootFailure(kind, said, { cause: error });
  if (statusOf(error) === null) return error;
  return new BootFailure('lost', `The Docker Engine refused while ${doing}: ${said}`, { cause: error });
}

/** A pull that failed for any reason of the registry's leaves the image missing. */
export function pullFailureOf(error: unknown, image: string): unknown {
  const failure = bootFailureOf(error, `pulling ${image}`);
  if (!(failure instanceof Error) || failure.name === 'AbortError') return failure;
  if (failure instanceof BootFailure && failure.kind === 'no_space') return failure;
  if (
    failure instanceof BootFailure &&
    failure.kind === 'lost' &&
    failure.message.startsWith('The Docker Engine did')
  ) {
    return failure;
  }
  const said = reasonOf(messageOf(error));
  return new BootFailure('image_missing', `The image ${image} is not on this host, and pulling it failed: ${said}`, {
    cause: error,
  });
}

/** 304, 404 and 409 answer "it is so already" to a stop or a removal. */
export function orAlready(error: unknown): void {
  if (![304, 404, 409].includes(statusOf(error) ?? 0)) throw error;
}

/** What is to be looked at is gone. */
export function orGone(error: unknown): { Config: null } {
  if (!isNotFound(error)) throw error;
  return { Config: null };
}

/** The container whose network was to be joined has ended, or is gone. */
export const hasLostNetwork = (error: unknown): boolean =>
  [404, 409].includes(statusOf(error) ?? 0) && /cannot join network|no such container/i.test(messageOf(error));

/** The network of an installation's containers is gone: an operator's `docker network prune` takes it where none is on it. */
export const lacksNetwork = (error: unknown): boolean =>
  isNotFound(error) && /network hearth-\S+ not found/i.test(messageOf(error));

export const isNotFound = (error: unknown): boolean => statusOf(error) === 404;

/** dockerode wraps the engine's own sentence in `(HTTP code 404) no such container - …`. */
export const reasonOf = (message: string): string => message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();

/** It ended before it could be asked for its port: whoever waits for it learns how from its exit. */
export function noAddress(state: { ExitCode: number; Error: string }): string {
  if (state.Error !== '') throw new BootFailure('setup_error', state.Error, { exitCode: state.ExitCode });
  return 'http://127.0.0.1:0';
}
