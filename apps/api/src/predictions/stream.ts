import { type StreamEvent, writeStreamEvent } from '@hearth/contract';
import type { PredictionRow } from '@hearth/store';
import type { EventChunk } from '../event-stream.ts';
import type { Tail } from './tail.ts';

/** How much of a prediction a reader has: whole outputs, and characters of the log. */
export interface StreamPosition {
  readonly outputs: number;
  readonly logs: number;
}

/** Of a prediction's stream: `done` is in the last one. */
export type StreamChunk = EventChunk<StreamPosition>;

/** A chunk ends with the event that reaches this, so that a slow reader of a long history holds little of it. */
const CHUNK_CHARS = 32 * 1024;
/** A log comes in pieces of this size at most. */
const LOG_PIECE_CHARS = 16 * 1024;

export function readPosition(lastEventId: string | undefined): StreamPosition {
  const [, outputs, logs] = /^(\d{1,15}):(\d{1,15})$/.exec(lastEventId ?? '') ?? [];
  return { outputs: Number(outputs ?? 0), logs: Number(logs ?? 0) };
}

/**
 * The next events for a reader at `from`. An item of a list output is an event of its own. Where a lost attempt begins its
 * output anew, what the reader has is not sent twice. `last`: `done` is among them.
 */
export function eventsAfter(
  tail: Pick<Tail, 'outputs' | 'logs' | 'end'>,
  from: StreamPosition,
): { events: StreamEvent[]; position: StreamPosition; last: boolean } {
  const { outputs, logs, end } = tail;
  const events: StreamEvent[] = [];
  let position = from;
  let chars = 0;
  const hasRoom = () => chars < CHUNK_CHARS;
  const push = (event: StreamEvent['event'], data: string, next = position) => {
    position = next;
    chars += data.length;
    events.push({ event, data, id: `${next.outputs}:${next.logs}` });
  };
  while (position.logs < logs.length && hasRoom()) {
    const to = pieceEnd(logs, position.logs);
    push('logs', logs.slice(position.logs, to), { ...position, logs: to });
  }
  while (position.outputs < outputs.length && hasRoom()) {
    push('output', textOf(outputs[position.outputs]), { ...position, outputs: position.outputs + 1 });
  }
  const isLast = position.logs >= logs.length && position.outputs >= outputs.length;
  if (end === null || !isLast) return { events, position, last: false };
  if (end.status === 'failed') push('error', JSON.stringify({ detail: end.error ?? 'The prediction failed.' }));
  push('done', JSON.stringify(doneOf(end)));
  return { events, position, last: true };
}

/** The next events as they go over the wire; null where there are none yet. */
export function chunkAfter(tail: Tail, from: StreamPosition): StreamChunk | null {
  const { events, position, last } = eventsAfter(tail, from);
  return events.length === 0 ? null : { bytes: Buffer.from(events.map(writeStreamEvent).join('')), position, last };
}

/** Not between the two halves of a character. */
function pieceEnd(logs: string, from: number): number {
  const end = Math.min(logs.length, from + LOG_PIECE_CHARS);
  const isLowHalf = (logs.charCodeAt(end) & 0xfc00) === 0xdc00;
  return isLowHalf ? end - 1 : end;
}

const textOf = (output: unknown): string => (typeof output === 'string' ? output : JSON.stringify(output));

function doneOf({ status }: PredictionRow): { reason?: 'error' | 'canceled' } {
  if (status === 'succeeded') return {};
  return { reason: status === 'failed' ? 'error' : 'canceled' };
}
