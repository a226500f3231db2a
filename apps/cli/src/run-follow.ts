import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, type Client, type StreamEvent, type WirePrediction } from '@hearth/contract';
import { soFarText } from './waiting-text.ts';

/** What a person sees of a prediction while it goes on. */
export interface Follower {
  /** Why it does not run yet and how far that is, in words; null once it runs. Called when either changes. */
  waiting(why: string | null, soFar: string): void;
  output(chunk: string): void;
  logs(text: string): void;
}

const LOOK_EVERY_MS = 400;

const isOver = ({ status }: WirePrediction): boolean => status !== 'starting' && status !== 'processing';

/**
 * Follows a prediction to its end: events as they come, looked at meanwhile for why it waits. A broken stream is taken
 * up where it broke.
 */
export async function followPrediction(
  client: Client,
  created: WirePrediction,
  follower: Follower,
): Promise<WirePrediction> {
  const started = new AbortController();
  const watching = watchStart(client, created, follower, started.signal);
  let lastEventId: string | undefined;
  try {
    for (;;) {
      const last = await readStream(client, created, lastEventId, (event) => {
        lastEventId = event.id;
        started.abort();
        if (event.event === 'output') follower.output(event.data);
        if (event.event === 'logs') follower.logs(event.data);
      });
      const prediction = await client.predictions.get(created.id);
      if (last === 'done' || isOver(prediction)) return prediction;
      await pause(LOOK_EVERY_MS);
    }
  } finally {
    started.abort();
    await watching;
    follower.waiting(null, '');
  }
}

async function readStream(
  client: Client,
  prediction: WirePrediction,
  lastEventId: string | undefined,
  onEvent: (event: StreamEvent) => void,
): Promise<'done' | 'broken'> {
  try {
    for await (const event of client.predictions.stream(prediction, lastEventId === undefined ? {} : { lastEventId })) {
      if (event.event === 'done') return 'done';
      onEvent(event);
    }
  } catch (error) {
    // A refusal stays one; a connection that broke is taken up again.
    if (error instanceof ApiError) throw error;
  }
  return 'broken';
}

async function watchStart(
  client: Client,
  created: WirePrediction,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  for (;;) {
    // A warm model starts within the first wait, and nothing need be said. Aborting cuts the wait short.
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => null);
    if (signal.aborted) return;
    const { status, waiting } = await client.predictions.get(created.id);
    if (status !== 'starting') return;
    if (waiting === undefined || signal.aborted) continue;
    const soFar = soFarText(waiting);
    if (`${waiting.detail}${soFar}` !== said) follower.waiting(waiting.detail, soFar);
    said = `${waiting.detail}${soFar}`;
  }
}
