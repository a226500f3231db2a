import type { WireKeepAlive } from '@hearth/contract';
import type { KeepAlive } from '@hearth/core';
import { durationMs } from '@hearth/kit';

/** A month: an instance that is to stay for longer has a minimum, or stays until its room is needed. */
const LONGEST_MS = 31 * 86_400_000;
/** What `keepAliveOf` takes, in words. */
export const KEEP_ALIVE_FORMS = 'a duration of at most 31 days such as 300, 30s or 5m, until-needed, or auto';

/**
 * A keep-alive as people write it: seconds, a duration, or one of two words.
 * @throws RangeError where it is none of these
 */
export function keepAliveOf(value: number | string): KeepAlive {
  if (value === 'until-needed' || value === 'auto') return { kind: value };
  const ms = typeof value === 'number' ? Math.round(value * 1000) : durationMs(value);
  if (ms >= 0 && ms <= LONGEST_MS) return { kind: 'fixed', ms };
  throw new RangeError(`${JSON.stringify(value)} is not ${KEEP_ALIVE_FORMS}`);
}

export const wireKeepAlive = (keepAlive: KeepAlive): WireKeepAlive =>
  keepAlive.kind === 'fixed' ? keepAlive.ms / 1000 : keepAlive.kind;
