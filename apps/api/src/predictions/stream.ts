import { type StreamEvent, writeStreamEvent } from '@hearth/contract';
import { isTerminal } from '@hearth/core';
import type { PredictionRow, Store } from '@hearth/store';
import { createWake, type NoticeHub } from '../notices.ts';

/** How much of a prediction a reader has: whole outputs, and characters of the log. */
export interface StreamPosition {
  readonly outputs: number;
  readonly logs: number;
}

/** Python's client gives up after 30 s of silence (contract §2). */
const KEEP_ALIVE_MS = 10_000;

export function readPosition(lastEventId: string | undefined): StreamPosition {
  const [, outputs, logs] = /^(\d{1,15}):(\d{1,15})$/.exec(lastEventId ?? '') ?? [];
  return { outputs: Number(outputs ?? 0), logs: Number(logs ?? 0) };
}

/**
 * The events that take a reader from `from` to what the row holds now. A list output is an event for each item; any other
 * output is one event, at the end. A lost attempt begins its output anew: what a reader has is not sent twice.
 */
export function eventsSince(
  row: PredictionRow,
  from: StreamPosition,
): { events: StreamEvent[]; position: StreamPosition } {
  const events: StreamEvent[] = [];
  let position = from;
  const push = (event: StreamEvent['event'], data: string, next: StreamPosition) => {
    position = next;
    events.push({ event, data, id: `${next.outputs}:${next.logs}` });
  };
  if (row.logs.length > position.logs) {
    push('logs', row.logs.slice(position.logs), { ...position, logs: row.logs.length });
  }
  const ended = isTerminal(row.status);
  for (const output of outputsOf(row, ended).slice(position.outputs)) {
    push('output', text(output), { ...position, outputs: position.outputs + 1 });
  }
  if (row.status === 'failed')
    push('error', JSON.stringify({ detail: row.error ?? 'The prediction failed.' }), position);
  if (ended) push('done', JSON.stringify(doneOf(row)), position);
  return { events, position };
}

function outputsOf(row: PredictionRow, ended: boolean): readonly unknown[] {
  if (Array.isArray(row.output)) return row.output;
  return ended && row.output !== null && row.output !== undefined ? [row.output] : [];
}

const text = (output: unknown): string => (typeof output === 'string' ? output : JSON.stringify(output));

function doneOf(row: PredictionRow): { reason?: 'error' | 'canceled' } {
  if (row.status === 'succeeded') return {};
  return { reason: row.status === 'failed' ? 'error' : 'canceled' };
}

/**
 * The body of a stream: everything from `from` on, then what comes, until `done` or the signal. Level-triggered: a notice
 * only makes it read the row again, so a lost one costs at most the time to the next keep-alive.
 */
export async function* streamBody(
  id: string,
  from: StreamPosition,
  { store, hub, signal }: { store: Store; hub: NoticeHub; signal: AbortSignal },
): AsyncGenerator<string> {
  const wake = createWake();
  const stop = hub.listen(id, () => wake.ring());
  try {
    yield ': hi\n\n';
    for (let position = from; ; ) {
      const row = await store.predictions.get(id);
      if (row === null) return;
      const since = eventsSince(row, position);
      position = since.position;
      if (since.events.length > 0) yield since.events.map(writeStreamEvent).join('');
      if (isTerminal(row.status)) return;
      const woken = await wake.next(KEEP_ALIVE_MS, signal);
      if (woken === 'aborted') return;
      if (woken === 'timeout') yield ': keep-alive\n\n';
    }
  } finally {
    stop();
  }
}
