/**
 * A prediction's life. On the wire `aborted` is sent as `canceled`, because the official clients know five statuses only.
 * Source: contract §1.6 (lifecycle) and replicate-python #431 (an unknown status makes clients poll for ever).
 */
export type PredictionStatus = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';
export type TerminalStatus = Exclude<PredictionStatus, 'starting' | 'processing'>;
export type PredictionEvent = 'claimed' | 'returned' | 'succeeded' | 'failed' | 'canceled' | 'expired';

/**
 * Every legal move; a missing pair is illegal. `returned`: the attempt came to nothing through no fault of the model
 * (its instance is gone, or refused for want of a free slot), and the prediction waits again.
 */
export const PREDICTION_MOVES = {
  starting: { claimed: 'processing', failed: 'failed', canceled: 'canceled', expired: 'aborted' },
  processing: {
    returned: 'starting',
    succeeded: 'succeeded',
    failed: 'failed',
    canceled: 'canceled',
    expired: 'canceled',
  },
  succeeded: {},
  failed: {},
  canceled: {},
  aborted: {},
} as const satisfies Record<PredictionStatus, Partial<Record<PredictionEvent, PredictionStatus>>>;

export class IllegalPredictionMove extends Error {
  override readonly name = 'IllegalPredictionMove';
  readonly from: PredictionStatus;
  readonly event: PredictionEvent;
  constructor(from: PredictionStatus, event: PredictionEvent) {
    super(`a prediction cannot be ${event} while it is ${from}`);
    this.from = from;
    this.event = event;
  }
}

/** The status after `event`; throws {@link IllegalPredictionMove} for a pair that the table lacks. */
export function nextStatus(from: PredictionStatus, event: PredictionEvent): PredictionStatus {
  const moves: Partial<Record<PredictionEvent, PredictionStatus>> = PREDICTION_MOVES[from];
  const next = moves[event];
  if (next === undefined) throw new IllegalPredictionMove(from, event);
  return next;
}

export const isTerminal = (status: PredictionStatus): status is TerminalStatus =>
  status !== 'starting' && status !== 'processing';

/** After this many attempts whose instance vanished, a prediction fails instead of waiting again. */
export const MAX_LOST_ATTEMPTS = 3;
