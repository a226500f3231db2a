import type { Millis } from '@hearth/core';
import type { Predictions, QueuedTicket } from '@hearth/store';
import { isUnfinished, type StoredPrediction, type Tables } from './tables.ts';
import { placeIn, rebase } from './turns.ts';

/** Let in by one call. */
const AT_ONCE = 100;

const ticketOf = ({ id, attempt, deploymentId, priority }: StoredPrediction): QueuedTicket => ({
  predictionId: id,
  attempt,
  deploymentId,
  priority,
});

/** How many predictions of an account may be queued or running. */
export function admissionOf(tables: Tables): Partial<Predictions> {
  const { predictions, accounts } = tables;
  const heldOf = (accountId: string): StoredPrediction[] =>
    predictions.all().filter((row) => row.accountId === accountId && row.status === 'starting' && row.held);

  const admitOldest = (accountId: string, now: Millis): StoredPrediction | null => {
    const [oldest] = heldOf(accountId);
    if (oldest === undefined) return null;
    return predictions.put({ ...oldest, held: false, ...placeIn(tables, { ...oldest, createdAt: now }) });
  };
  /** The newest of those that wait for the first time. */
  const hold = (accountId: string, count: number): StoredPrediction[] =>
    predictions
      .all()
      .filter((row) => row.accountId === accountId && row.status === 'starting' && row.attempt === 0 && !row.held)
      .toReversed()
      .slice(0, count)
      .map((row) => predictions.put({ ...row, held: true, priority: 0 }));

  return {
    async cappedAccounts() {
      const capped = accounts.all().filter(({ maxInFlight }) => maxInFlight !== null);
      const withHeld = predictions.all().filter(({ status, held }) => status === 'starting' && held);
      return [...new Set([...capped.map(({ id }) => id), ...withHeld.map(({ accountId }) => accountId)])];
    },
    async admit(accountId, now) {
      const released = predictions
        .all()
        .filter((row) => row.accountId === accountId && isUnfinished(row) && !row.held).length;
      const room = (accounts.get(accountId)?.maxInFlight ?? Infinity) - released;
      if (room < 0) return { admitted: [], held: hold(accountId, -room).map(ticketOf), more: false };
      const admitted: QueuedTicket[] = [];
      while (admitted.length < Math.min(room, AT_ONCE)) {
        const next = admitOldest(accountId, now);
        if (next === null) return { admitted, held: [], more: false };
        admitted.push(ticketOf(next));
      }
      return { admitted, held: [], more: admitted.length === AT_ONCE };
    },
    heldBefore: async (accountId, id) => heldOf(accountId).filter((row) => row.id < id).length,
    rebase: async () => rebase(tables),
  };
}
