import type { Millis } from '@hearth/core';
import type { Messages, MessageTry } from '@hearth/store';
import { receiverOf } from './predictions.ts';
import { DuplicateKey, foreignText, type StoredMessage, type Tables } from './tables.ts';

const textOrNull = (text: string | null): string | null => (text === null ? null : foreignText(text));
const asMessage = ({ claimedUntil: _claimedUntil, ...row }: StoredMessage) => row;

export function messagesOf({ messages, tries }: Tables): Messages {
  const isDue = ({ state, nextTryAt, claimedUntil }: StoredMessage, now: Millis): boolean =>
    state === 'pending' && nextTryAt !== null && nextTryAt <= now && (claimedUntil === null || claimedUntil <= now);
  const triesOf = (messageId: string): MessageTry[] => tries.all().filter((one) => one.messageId === messageId);

  return {
    async claim(now, { until, limit, perReceiver, held }) {
      const due = messages
        .all()
        .filter((row) => isDue(row, now))
        .toSorted((a, b) => (a.nextTryAt ?? 0) - (b.nextTryAt ?? 0));
      const ofReceiver = new Map(held);
      const chosen = due.filter(({ receiver }) => {
        const place = (ofReceiver.get(receiver) ?? 0) + 1;
        ofReceiver.set(receiver, place);
        return place <= perReceiver;
      });
      return chosen.slice(0, limit).map((row) => {
        const begun = { tries: row.tries + 1, claimedUntil: until, firstTriedAt: row.firstTriedAt ?? now };
        tries.put({ messageId: row.id, n: begun.tries, at: now, ...NOT_OVER });
        const endedTries = triesOf(row.id).filter(({ durationMs }) => durationMs !== null).length;
        return { ...asMessage(messages.put({ ...row, ...begun })), firstTriedAt: begun.firstTriedAt, endedTries };
      });
    },
    async conclude(messageId, n, { statusCode, error, durationMs, answer }, next) {
      const outcome = { statusCode, error: textOrNull(error), durationMs, answer: textOrNull(answer) };
      const [begun] = triesOf(messageId).filter((one) => one.n === n);
      if (begun) tries.put({ ...begun, ...outcome });
      const concluded = messages.change(
        messageId,
        (row) => row.tries === n,
        () => ({
          state: typeof next === 'string' ? next : 'pending',
          nextTryAt: typeof next === 'string' ? null : next.retryAt,
          claimedUntil: null,
        }),
      );
      return concluded !== null;
    },
    async record({ at, ...message }, outcome, state) {
      if (messages.get(message.id) !== undefined) throw new DuplicateKey('messages_pkey');
      const over = { nextTryAt: null, claimedUntil: null, receiver: receiverOf(message.url) };
      messages.put({ ...message, ...over, state, tries: 1, firstTriedAt: at, createdAt: at });
      const texts = { error: textOrNull(outcome.error), answer: textOrNull(outcome.answer) };
      tries.put({ messageId: message.id, n: 1, at, ...outcome, ...texts });
    },
    async nextDue() {
      const due = messages
        .all()
        .filter(({ state }) => state === 'pending')
        .map(({ nextTryAt, claimedUntil }) => Math.max(nextTryAt ?? 0, claimedUntil ?? 0));
      return due.length === 0 ? null : Math.min(...due);
    },
    async removeBefore(before, limit) {
      const old = messages
        .all()
        .filter(({ createdAt }) => createdAt < before)
        .slice(0, limit);
      for (const { id } of old) {
        messages.remove(id);
        for (const { n } of triesOf(id)) tries.remove(`${id} ${String(n).padStart(6, '0')}`);
      }
      return old.length;
    },
    async list({ predictionId, limit, before }) {
      const own = messages
        .all()
        .filter((row) => row.predictionId === predictionId && (before === undefined || row.id < before));
      return own
        .toReversed()
        .slice(0, limit)
        .map((row) => ({ ...asMessage(row), log: triesOf(row.id) }));
    },
    async resend(predictionId, messageId, now) {
      const known = messages.get(messageId);
      if (known === undefined || known.predictionId !== predictionId) return null;
      const isIdle = ({ claimedUntil }: StoredMessage): boolean => claimedUntil === null || claimedUntil <= now;
      const due = { state: 'pending', nextTryAt: now, claimedUntil: null } as const;
      return asMessage(messages.change(messageId, isIdle, () => due) ?? known);
    },
  };
}

const NOT_OVER = { statusCode: null, error: null, durationMs: null, answer: null } as const;
