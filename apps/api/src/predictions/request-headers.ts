import { durationMs } from '@hearth/kit';
import { invalidField } from '../problem.ts';

/** A bare `Prefer: wait`: a second less than the 60 that clients allow themselves (contract §1.4). */
const DEFAULT_WAIT_SECONDS = 59;
const LONGEST_WAIT_SECONDS = 60;
/** An answer takes a moment to arrive; clients count their seconds from the request. */
const ANSWER_MARGIN_MS = 400;
const SHORTEST_CANCEL_AFTER_MS = 5_000;
/** Longer than anything waits or runs; far longer ones are no date any more. */
const LONGEST_CANCEL_AFTER_MS = 30 * 86_400_000;

export interface Hold {
  readonly holdMs: number;
  /** For `Preference-Applied`. */
  readonly applied: string;
}

/** Reads `Prefer: wait` and `Prefer: wait=<seconds>`; larger values are clamped, because clients send them. */
export function readPrefer(header: string | string[] | undefined): Hold | null {
  const preferences = [header ?? []].flat().join(',').split(',');
  for (const preference of preferences) {
    const wait = /^\s*wait\s*(?:=\s*"?(\d+(?:\.\d+)?)"?)?\s*(?:;.*)?$/i.exec(preference);
    if (!wait) continue;
    if (wait[1] === undefined) return { holdMs: DEFAULT_WAIT_SECONDS * 1000, applied: 'wait' };
    const seconds = Math.min(Math.max(Math.ceil(Number(wait[1])), 1), LONGEST_WAIT_SECONDS);
    return { holdMs: seconds * 1000 - ANSWER_MARGIN_MS, applied: `wait=${seconds}` };
  }
  return null;
}

/** Reads `Cancel-After`: a duration from the creation on, from 5 s to 30 days. Null: none. */
export function readCancelAfter(header: string | string[] | undefined): number | null {
  const text = [header ?? []].flat()[0];
  if (text === undefined) return null;
  const ms = parsed(text);
  if (ms === null || ms < SHORTEST_CANCEL_AFTER_MS || ms > LONGEST_CANCEL_AFTER_MS) {
    throw invalidField(
      'Cancel-After',
      'duration',
      `"${text}" is not a duration from 5 s to 30 days, such as 30, 30s, 5m or 1h30m45s`,
    );
  }
  return ms;
}

function parsed(text: string): number | null {
  try {
    return durationMs(text);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
