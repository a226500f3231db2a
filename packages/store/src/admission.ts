import { sql } from 'kysely';
import type { Connection, Database } from './database.ts';
import type { Predictions, QueuedTicket } from './store.ts';
import { FAR, placeIn, REBASE } from './turns.ts';
import { at } from './values.ts';

/** How many predictions of an account may be queued or running: the part of the port that the dispatcher keeps to it with. */
export type Admission = Pick<Predictions, 'cappedAccounts' | 'admit' | 'heldBefore' | 'rebase'>;

/** Let in by one call: each gets its turn after the one before it. */
const AT_ONCE = 100;
const ALL = 2 ** 31 - 1;

const TICKET = sql<QueuedTicket>`
  predictions.id as "predictionId", predictions.attempt, predictions.deployment_id as "deploymentId", predictions.priority`;

export function createAdmission({ db, pool }: Connection): Admission {
  return {
    async cappedAccounts() {
      const withHeld = db
        .selectFrom('predictions')
        .select('account_id as id')
        .where('status', '=', 'starting')
        .where('held', '=', true);
      const rows = await db
        .selectFrom('accounts')
        .select('id')
        .where('max_in_flight', 'is not', null)
        .union(withHeld)
        .execute();
      return rows.map(({ id }) => id);
    },

    admit: (accountId, now) =>
      db.transaction().execute(async (tx) => {
        // Whoever else lets in or changes the limit waits; the count that follows is taken after that.
        const account = await tx
          .selectFrom('accounts')
          .select('max_in_flight as max')
          .where('id', '=', accountId)
          .forUpdate()
          .executeTakeFirst();
        const room = (account?.max ?? ALL) - (await released(tx, accountId));
        if (room < 0) return { admitted: [], held: await hold(tx, accountId, -room), more: false };
        const admitted: QueuedTicket[] = [];
        while (admitted.length < Math.min(room, AT_ONCE)) {
          const next = await admitOldest(tx, accountId, now);
          if (next === undefined) return { admitted, held: [], more: false };
          admitted.push(next);
        }
        return { admitted, held: [], more: admitted.length === AT_ONCE };
      }),

    async heldBefore(accountId, id) {
      const { count } = await db
        .selectFrom('predictions')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('account_id', '=', accountId)
        .where('status', '=', 'starting')
        .where('held', '=', true)
        .where('id', '<', id)
        .executeTakeFirstOrThrow();
      return count;
    },

    async rebase() {
      const { rows } = await pool.query<{ deploymentId: string }>(FAR);
      let rebased = 0;
      for (const { deploymentId } of rows) rebased += (await pool.query(REBASE, [deploymentId])).rowCount ?? 0;
      return rebased;
    },
  };
}

async function released(tx: Database, accountId: string): Promise<number> {
  const { count } = await tx
    .selectFrom('predictions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .where('status', 'in', ['starting', 'processing'])
    .where('held', '=', false)
    .executeTakeFirstOrThrow();
  return count;
}

async function admitOldest(tx: Database, accountId: string, now: number): Promise<QueuedTicket | undefined> {
  const place = sql.raw(placeIn({ deployment: 'oldest.deployment_id', account: 'oldest.account_id', at: 'oldest.at' }));
  const { rows } = await sql<QueuedTicket>`
    update predictions set held = false, turn = place.turn, priority = place.priority
    from (
      select id, deployment_id, account_id, ${at(now)}::timestamptz as at from predictions
      where account_id = ${accountId} and status = 'starting' and held order by id limit 1
    ) as oldest cross join ${place}
    where predictions.id = oldest.id and predictions.status = 'starting' and predictions.held
    returning ${TICKET}`.execute(tx);
  return rows[0];
}

/** The newest of those that wait for the first time: a limit that was lowered ends nothing that runs. */
async function hold(tx: Database, accountId: string, count: number): Promise<QueuedTicket[]> {
  const { rows } = await sql<QueuedTicket>`
    update predictions set held = true, priority = 0
    where status = 'starting' and not held and id in (
      select id from predictions
      where account_id = ${accountId} and status = 'starting' and attempt = 0 and not held
      order by id desc limit ${count})
    returning ${TICKET}`.execute(tx);
  return rows;
}
