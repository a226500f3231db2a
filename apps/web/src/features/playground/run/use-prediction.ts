import type { WirePrediction } from '@hearth/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../../api/client.ts';
import { NOTHING_STREAMED, type Streamed, withEvent } from './stream-state.ts';

/** While it waits, what it waits for changes by the second; once it runs, its stream tells what happens. */
const LOOK_EVERY_MS = { starting: 1_000, processing: 3_000 };
const CONNECT_AGAIN_MS = 1_000;

export const isOver = ({ status }: Pick<WirePrediction, 'status'>): boolean =>
  status !== 'starting' && status !== 'processing';

export const predictionKey = (id: string) => ['prediction', id] as const;

/** A prediction, looked at again until it is over. */
export function usePrediction(id: string) {
  return useQuery({
    queryKey: predictionKey(id),
    queryFn: () => api.predictions.get(id),
    refetchInterval: ({ state: { data } }) =>
      data?.status === 'starting' || data?.status === 'processing' ? LOOK_EVERY_MS[data.status] : false,
  });
}

/** What it says, as it says it; a broken connection is taken up where it broke. Of one that is over, nothing. */
export function useStreamed(prediction: WirePrediction | undefined): Streamed {
  const queries = useQueryClient();
  const [heard, setHeard] = useState<{ id: string; streamed: Streamed }>();
  const id = prediction?.id;
  const url = prediction === undefined || isOver(prediction) ? undefined : prediction.urls.stream;
  useEffect(() => {
    if (id === undefined || url === undefined) return undefined;
    const leaving = new AbortController();
    void follow(url, leaving.signal, (streamed) => setHeard({ id, streamed })).then(() =>
      queries.invalidateQueries({ queryKey: predictionKey(id) }),
    );
    return () => leaving.abort();
  }, [id, url, queries]);
  return heard !== undefined && heard.id === id ? heard.streamed : NOTHING_STREAMED;
}

async function follow(url: string, signal: AbortSignal, tell: (streamed: Streamed) => void): Promise<void> {
  let streamed = NOTHING_STREAMED;
  while (!streamed.done && !signal.aborted) {
    const resume = streamed.lastEventId === null ? {} : { lastEventId: streamed.lastEventId };
    try {
      for await (const event of api.predictions.stream({ urls: { stream: url } }, { ...resume, signal })) {
        streamed = withEvent(streamed, event);
        tell(streamed);
      }
    } catch (error) {
      // The connection broke, or Hearth is starting anew. What is worse than that shows where the prediction is looked at.
      if (signal.aborted) return;
      console.info('the stream of a prediction broke off', error);
    }
    if (!streamed.done) await pause(CONNECT_AGAIN_MS, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
