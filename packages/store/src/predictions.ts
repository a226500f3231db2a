import {
  type BudgetBound,
  PREDICTION_MOVES,
  type PredictionStatus,
  type TerminalStatus,
  type UsageRecord,
} from '@hearth/core';
import { sql } from 'kysely';
import { type Admission, createAdmission } from './admission.ts';
import { PREDICTION_COLUMNS as PREDICTION } from './columns.ts';
import type { Connection } from './database.ts';
import { createInsert } from './insert.ts';
import { createKeyed, type Keyed } from './keyed.ts';
import { byId, keysetPage } from './keyset.ts';
import { newMessageId } from './messages.ts';
import { asInserted, DeploymentGone } from './new-prediction.ts';
import { prepared } from './prepared.ts';
import {
  CLAIM,
  EXTEND_HOLD,
  FINISH,
  FINISH_TRAINING,
  FINISH_UNHEARD,
  GIVE_BACK,
  INSERT,
  INSERT_RELAXED,
  PROGRESS,
  SKIP_FORGOTTEN,
} from './statements.ts';
import type { PredictionGlance, PredictionRow, Predictions } from './store.ts';
import { at, atOrNull, foreignTextOrNull, instant, jsonOrNull } from './values.ts';

const UNFINISHED = ['starting', 'processing'] as const;

export function createPredictions(connection: Connection): Predictions {
  return {
    ...createWrites(connection),
    ...createKeyed(connection),
    ...createAdmission(connection),
    ...createReads(connection),
  };
}

type Writes = Pick<
  Predictions,
  'insert' | 'requestCancel' | 'claim' | 'progress' | 'giveBack' | 'skipForgotten' | 'extendHold' | 'finish'
>;

function createWrites({ pool, db }: Connection): Writes {
  const insert = createInsert(pool);
  return {
    /** @throws DeploymentGone, BudgetExceeded */
    async insert(row, { durable } = { durable: true }) {
      const made = await insert(durable ? INSERT : INSERT_RELAXED, row);
      if (made.place === null) throw made.exceeded ?? new DeploymentGone(row.deploymentId);
      return asInserted(row, made.place);
    },

    async requestCancel(id, requestedAt) {
      const marked = await db
        .updateTable('predictions')
        .set({ cancel_requested_at: sql<Date>`coalesce(cancel_requested_at, ${at(requestedAt)})` })
        .where('id', '=', id)
        .where('status', 'in', UNFINISHED)
        .returning(PREDICTION)
        .executeTakeFirst();
      return (
        marked ??
        (await db.selectFrom('predictions').select(PREDICTION).where('id', '=', id).executeTakeFirst()) ??
        null
      );
    },

    async claim({ predictionId, attempt }, instance, claimedAt) {
      const values = [predictionId, attempt, instance.id, instance.versionId, instance.hardwareSku, at(claimedAt)];
      const { rows } = await pool.query<PredictionRow>({ ...CLAIM, values });
      return rows[0] ?? null;
    },

    async progress(id, attempt, { output, logs, startedAt }) {
      const values = [
        id,
        attempt,
        output !== undefined,
        jsonOrNull(output),
        foreignTextOrNull(logs),
        atOrNull(startedAt),
      ];
      const { rowCount } = await pool.query({ ...PROGRESS, values });
      return rowCount === 1;
    },

    async giveBack(id, attempt, lost) {
      const { rows } = await pool.query<PredictionRow>({ ...GIVE_BACK, values: [id, attempt, lost ? 1 : 0] });
      return rows[0] ?? null;
    },

    async skipForgotten() {
      const { rowCount } = await pool.query(SKIP_FORGOTTEN);
      return rowCount ?? 0;
    },

    async extendHold(id, attempt, wantedMicros, now) {
      const values = [id, attempt, wantedMicros, at(now)];
      const { rows } = await pool.query<{ holdMicros: number; over: readonly BudgetBound[] | null }>({
        ...EXTEND_HOLD,
        values,
      });
      const [row] = rows;
      return row ? { holdMicros: row.holdMicros, bound: row.over?.[0] ?? null } : null;
    },

    async finish(id, attempt, end, usage, made) {
      const from = attempt === null ? 'starting' : 'processing';
      assertLegal(from, end.status);
      if (usage && (usage.predictionId !== id || usage.attempt !== attempt))
        throw new Error(`usage of ${usage.predictionId}-${usage.attempt} cannot end ${id}-${attempt}`);
      const values = [
        id,
        attempt,
        from,
        end.status,
        end.output !== undefined,
        jsonOrNull(end.output),
        foreignTextOrNull(end.error),
        foreignTextOrNull(end.logs),
        jsonOrNull(end.metrics),
        at(end.completedAt),
        ...usageValues(usage),
        atOrNull(end.startedAt),
        newMessageId(end.completedAt),
      ];
      const { rows } = made
        ? await pool.query<PredictionRow>({
            ...FINISH_TRAINING,
            values: [...values, made.id, made.modelId, made.baseVersionId, made.weightsFileId],
          })
        : await pool.query<PredictionRow>({ ...(end.isUnheard ? FINISH_UNHEARD : FINISH), values });
      return rows[0] ?? null;
    },
  };
}

type Reads = Omit<Predictions, keyof Writes | keyof Keyed | keyof Admission>;

function createReads(connection: Connection): Reads {
  const { db, pool } = connection;
  const predictions = () => db.selectFrom('predictions').select(PREDICTION);

  return {
    get: prepared(connection, 'prediction', (id: string) => predictions().where('id', '=', id)),

    list({ accountId, kind = 'prediction', createdAfter, createdBefore, ...rest }) {
      const { source, status, model, deployment, ...page } = rest;
      let query = predictions().where('account_id', '=', accountId).where('kind', '=', kind);
      if (source !== undefined) query = query.where('source', '=', source);
      if (status !== undefined) query = query.where('status', 'in', status);
      if (model !== undefined) query = query.where('model', '=', model);
      if (deployment !== undefined) query = query.where('deployment', '=', deployment);
      if (createdAfter !== undefined) query = query.where('created_at', '>=', instant(createdAfter));
      if (createdBefore !== undefined) query = query.where('created_at', '<', instant(createdBefore));
      return keysetPage(query, byId('id'), page);
    },

    async newestOf(accountIds, limit) {
      const { rows } = await pool.query<PredictionGlance>(NEWEST, [accountIds, limit]);
      return rows;
    },

    processing: () => predictions().where('status', '=', 'processing').orderBy('id').execute(),

    due: (now) =>
      predictions()
        .where('status', 'in', UNFINISHED)
        .where((eb) => eb.or([eb('cancel_requested_at', 'is not', null), eb('deadline_at', '<=', instant(now))]))
        .orderBy('id')
        .execute(),

    async nextDeadline() {
      const earliest = await db
        .selectFrom('predictions')
        .select('deadline_at as deadlineAt')
        .where('status', 'in', UNFINISHED)
        .where('deadline_at', 'is not', null)
        .orderBy('deadline_at')
        .limit(1)
        .executeTakeFirst();
      return earliest?.deadlineAt ?? null;
    },

    waitingBefore: (deploymentId, before, limit) =>
      predictions()
        .where('deployment_id', '=', deploymentId)
        .where('status', '=', 'starting')
        .where('created_at', '<', instant(before))
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute(),

    async line(deploymentId, limit) {
      const ofDeployment = () =>
        db
          .selectFrom('predictions')
          .select(['id', 'status', 'started_at as startedAt', 'priority'])
          .where('deployment_id', '=', deploymentId);
      // Three reads of an index each: with a long line, one of them all would sort it at every look.
      const waiting = () =>
        ofDeployment().where('status', '=', 'starting').orderBy('priority').orderBy('id').limit(limit);
      const [running, returned, queued] = await Promise.all([
        ofDeployment().where('status', '=', 'processing').execute(),
        waiting().where('attempt', '>', 0).execute(),
        waiting().where('attempt', '=', 0).where('held', '=', false).execute(),
      ]);
      return [...running, ...[...returned, ...queued].slice(0, limit)];
    },

    waitingTickets(after, limit) {
      let query = db
        .selectFrom('predictions')
        .select(['id as predictionId', 'attempt', 'deployment_id as deploymentId', 'priority'])
        .where('status', '=', 'starting')
        .where('held', '=', false)
        .orderBy('id')
        .limit(limit);
      if (after !== null) query = query.where('id', '>', after);
      return query.execute();
    },
  };
}

/** $1 accounts, $2 limit: as many reads of an index as there are accounts. */
const NEWEST = `select newest.* from unnest($1::text[]) as account (id) cross join lateral (
    select id, account_id as "accountId", model, version_id as "versionId", deployment, status,
      created_at as "createdAt", started_at as "startedAt", completed_at as "completedAt"
    from predictions where account_id = account.id and kind = 'prediction' order by predictions.id desc limit $2
  ) as newest`;

/** @throws Error for an end that core's table of moves does not know from here */
function assertLegal(from: 'starting' | 'processing', end: TerminalStatus): void {
  const ends: readonly PredictionStatus[] = Object.values(PREDICTION_MOVES[from]);
  if (!ends.includes(end)) throw new Error(`a prediction cannot be ${end} while it is ${from}`);
}

function usageValues(usage: UsageRecord | null): unknown[] {
  if (!usage) return Array<null>(12).fill(null);
  return [
    usage.id,
    usage.attempt,
    usage.accountId,
    usage.model,
    usage.versionId,
    usage.deploymentId,
    usage.hardwareSku,
    usage.predictMicroseconds,
    usage.priceMicrosPerSecond,
    usage.costMicros,
    usage.status,
    at(usage.at),
  ];
}
