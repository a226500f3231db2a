import type { StreamEvent } from '@hearth/contract';

/** What a running prediction has said so far. */
export interface Streamed {
  /** As the events carried them: a text as it is, a file's URL, anything else as JSON. */
  readonly items: readonly string[];
  readonly logs: string;
  /** Give it back to go on from here. */
  readonly lastEventId: string | null;
  readonly done: boolean;
}

export const NOTHING_STREAMED: Streamed = { items: [], logs: '', lastEventId: null, done: false };

export function withEvent(streamed: Streamed, { event, id, data }: StreamEvent): Streamed {
  const next = { ...streamed, lastEventId: id };
  switch (event) {
    case 'output':
      return { ...next, items: [...streamed.items, data] };
    case 'logs':
      return { ...next, logs: streamed.logs + data };
    case 'done':
      return { ...next, done: true };
    default:
      return next;
  }
}
