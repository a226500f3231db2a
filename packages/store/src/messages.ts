import type { Millis } from '@hearth/core';
import { newId } from '@hearth/kit';
import { type ExpressionBuilder, sql } from 'kysely';
import type { Connection } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Schema } from './schema.ts';
import type { ClaimedMessage, MessageLimits, MessageRow, Messages, MessageTry } from './store.ts';
import { at, foreignTextOrNull, instant } from './values.ts';

const MESSAGE = [
  'id',
  'prediction_id as predictionId',
  'account_id as accountId',
  'event',
  'url',
  'receiver',
  'state',
  'tries',
  'first_tried_at as firstTriedAt',
  'next_try_at as nextTryAt',
  'created_at as createdAt',
] as const;
const TRY = [
  'message_id as messageId',
  'n',
  'at',
  'status_code as statusCode',
  'error',
  'duration_ms as durationMs',
  'answer',
] as const;

const claimedColumns = MESSAGE.map((column) => `messages.${column.replace(/ as (\w+)$/, ' as "$1"')}`).join(', ');

/** What webhooks carry as `webhook-id`. Sorts by `now`. */
export const newMessageId = (now: Millis): string => `msg_${newId(now)}`;

export function createMessages({ db, pool }: Connection): Messages {
  return {
    async claim(now, limits) {
      const { rows } = await pool.query<ClaimedMessage>({ ...CLAIM, values: claimValues(now, limits) });
      return rows;
    },

    async conclude(messageId, n, { statusCode, error, durationMs, answer }, next) {
      const { rowCount } = await pool.query({
        ...CONCLUDE,
        values: [
          messageId,
          n,
          statusCode,
          foreignTextOrNull(error),
          durationMs,
          foreignTextOrNull(answer),
          typeof next === 'string' ? next : 'pending',
          typeof next === 'string' ? null : at(next.retryAt),
        ],
      });
      return rowCount === 1;
    },

    async record({ id, predictionId, accountId, event, url, at: sentAt }, outcome, state) {
      const message = {
        id,
        prediction_id: predictionId,
        account_id: accountId,
        event,
        url,
        state,
        tries: 1,
        first_tried_at: at(sentAt),
        created_at: at(sentAt),
      };
      await db
        .with('message', (qb) => qb.insertInto('messages').values(message))
        .insertInto('message_tries')
        .values({
          message_id: id,
          n: 1,
          at: at(sentAt),
          status_code: outcome.statusCode,
          error: foreignTextOrNull(outcome.error),
          duration_ms: outcome.durationMs,
          answer: foreignTextOrNull(outcome.answer),
        })
        .execute();
    },

    async nextDue() {
      const { due } = await db
        .selectFrom('messages')
        .select(sql<Millis | null>`min(greatest(next_try_at, claimed_until))`.as('due'))
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow();
      return due;
    },

    async removeBefore(before, limit) {
      const old = db.selectFrom('messages').select('id').where('created_at', '<', instant(before)).limit(limit);
      const { numDeletedRows } = await db.deleteFrom('messages').where('id', 'in', old).executeTakeFirst();
      return Number(numDeletedRows);
    },

    async list({ predictionId, ...page }) {
      const ofPrediction = db.selectFrom('messages').select(MESSAGE).where('prediction_id', '=', predictionId);
      const messages = await keysetPage(ofPrediction, byId('id'), page);
      const tries = await triesOf(messages);
      return messages.map((message) => ({ ...message, log: tries.get(message.id) ?? [] }));
    },

    async resend(predictionId, messageId, now) {
      const idle = (eb: ExpressionBuilder<Schema, 'messages'>) =>
        eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', instant(now))]);
      const own = db.selectFrom('messages').select(MESSAGE).where('prediction_id', '=', predictionId);
      const due = await db
        .updateTable('messages')
        .set({ state: 'pending', next_try_at: at(now), claimed_until: null })
        .where('id', '=', messageId)
        .where('prediction_id', '=', predictionId)
        .where(idle)
        .returning(MESSAGE)
        .executeTakeFirst();
      return due ?? (await own.where('id', '=', messageId).executeTakeFirst()) ?? null;
    },
  };

  async function triesOf(messages: readonly MessageRow[]): Promise<Map<string, MessageTry[]>> {
    if (messages.length === 0) return new Map();
    const ids = messages.map(({ id }) => id);
    const tries = await db
      .selectFrom('message_tries')
      .select(TRY)
      .where('message_id', 'in', ids)
      .orderBy('message_id')
      .orderBy('n')
      .execute();
    return Map.groupBy(tries, ({ messageId }) => messageId);
  }
}

const due = "state = 'pending' and next_try_at <= $1 and (claimed_until is null or claimed_until <= $1)";

/** Each due message is somebody's once: a concurrent claim waits for this one's row and then finds it no longer due. */
const CLAIM = {
  name: 'hearth_claim_messages',
  text: `with ranked as (
      select id, receiver, next_try_at, row_number() over (partition by receiver order by next_try_at, id) as place
      from messages where ${due}
    ), chosen as (
      select ranked.id from ranked
      left join unnest($5::text[], $6::int[]) as held(receiver, number) on held.receiver = ranked.receiver
      where ranked.place <= $4 - coalesce(held.number, 0)
      order by ranked.next_try_at, ranked.id limit $3
    ), claimed as (
      update messages
      set tries = tries + 1, claimed_until = $2, first_tried_at = coalesce(first_tried_at, $1)
      where id in (select id from chosen) and ${due}
      returning ${claimedColumns}
    ), begun as (
      insert into message_tries (message_id, n, at) select id, tries, $1 from claimed
    )
    select claimed.*, (
      select count(*) from message_tries where message_id = claimed.id and duration_ms is not null
    )::integer as "endedTries" from claimed`,
};

const claimValues = (now: Millis, { until, limit, perReceiver, held }: MessageLimits): unknown[] => [
  at(now),
  at(until),
  limit,
  perReceiver,
  [...held.keys()],
  [...held.values()],
];

/** The try is logged in any case; a later try has the last word on the message. */
const CONCLUDE = {
  name: 'hearth_conclude_message',
  text: `with tried as (
      update message_tries set status_code = $3, error = $4, duration_ms = $5, answer = $6
      where message_id = $1 and n = $2
    )
    update messages set state = $7, next_try_at = $8, claimed_until = null where id = $1 and tries = $2`,
};
