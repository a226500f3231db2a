import { isTerminal } from '@hearth/core';
import type { PredictionRow } from '@hearth/store';
import type { FastifyReply } from 'fastify';
import type { Context } from '../context.ts';
import { watchEnd } from './hold.ts';

/** How long a cancel waits for the end, so that most answers show it. */
const CANCEL_WAIT_MS = 1_000;

/** Asks for the end of a prediction or training, and answers it as it then is; one that has ended stays as it is. */
export async function cancelPrediction(
  { deps, hub, closing }: Context,
  before: PredictionRow,
  reply: FastifyReply,
): Promise<PredictionRow> {
  if (isTerminal(before.status)) return before;
  const { store, bus, now } = deps;
  const watch = watchEnd(before.id, { store, hub });
  try {
    const asked = await store.predictions.requestCancel(before.id, now());
    bus.poke('dispatcher');
    const signal = AbortSignal.any([closing, goneSignal(reply)]);
    const ended = asked && isTerminal(asked.status) ? asked : await watch.wait(CANCEL_WAIT_MS, signal);
    return ended ?? asked ?? before;
  } finally {
    watch.stop();
  }
}

/** Fires when the caller hangs up: the hold ends, the prediction goes on. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort('the caller hung up'));
  return gone.signal;
}
