import type { Difference, LedgerRecord } from '@hearth/core';
import type { Pool, PoolClient } from 'pg';
import type { Ledger, LedgerCounts, VerifiedPart } from '../store.ts';
import { RECORD_SQL } from './record.ts';
import { inSnapshot, pages } from './snapshot.ts';
import { verifyBills } from './verify-bills.ts';
import { verifyChains } from './verify-chains.ts';

/** What one step adds to the counts, and what it found. */
export type Step = Partial<LedgerCounts> & { readonly differences?: readonly Difference[] };

const PAGE = 1_000;
/** The sealer looks every second. */
const UNSEALED_SECONDS = 60;

export function createVerify(pool: Pool): Ledger['verify'] {
  return ({ accountId }) => inSnapshot(pool, (client) => verifyAll(client, accountId ?? null));
}

async function* verifyAll(client: PoolClient, accountId: string | null): AsyncGenerator<VerifiedPart> {
  let checked: LedgerCounts = {
    predictions: 0,
    records: 0,
    corrections: 0,
    chains: 0,
    links: 0,
    unsealed: 0,
    unpriced: 0,
  };
  for (const steps of [verifyBills, verifyRest, verifyChains, verifySealing]) {
    for await (const { differences = [], ...counts } of steps(client, accountId)) {
      checked = added(checked, counts);
      yield { checked, differences: await named(client, differences) };
    }
  }
}

async function named(client: PoolClient, differences: readonly Difference[]): Promise<VerifiedPart['differences']> {
  if (differences.length === 0) return [];
  const ids = new Set(differences.flatMap(({ accountId }) => accountId ?? []));
  const { rows } = await client.query<{ id: string; username: string }>(
    'select id, username from accounts where id = any($1)',
    [[...ids]],
  );
  const usernameOf = new Map(rows.map(({ id, username }) => [id, username]));
  return differences.map((one) => ({ ...one, username: usernameOf.get(one.accountId ?? '') ?? null }));
}

const added = (to: LedgerCounts, counts: Partial<LedgerCounts>): LedgerCounts => ({
  predictions: to.predictions + (counts.predictions ?? 0),
  records: to.records + (counts.records ?? 0),
  corrections: to.corrections + (counts.corrections ?? 0),
  chains: to.chains + (counts.chains ?? 0),
  links: to.links + (counts.links ?? 0),
  unsealed: to.unsealed + (counts.unsealed ?? 0),
  unpriced: to.unpriced + (counts.unpriced ?? 0),
});

/** $1 limit, $2 id, $3 account or null. Runs whose prediction is nowhere: those of predictions were met with them. */
const WITHOUT_PREDICTION = `select ${RECORD_SQL} from usage_records
  where id > $2 and kind = 'run' and ($3::text is null or account_id = $3)
    and not exists (select from predictions where predictions.id = prediction_id)
  order by id limit $1`;

/** $1 limit, $2 id, $3 account or null; with the facts that a correction shares with the record that it corrects. */
const CORRECTIONS = `select ${RECORD_SQL},
    coalesce(run.kind = 'run' and (run.prediction_id, run.attempt, run.account_id, run.model, run.version_id,
      run.deployment_id, run.hardware_sku) = (usage_records.prediction_id, usage_records.attempt,
      usage_records.account_id, usage_records.model, usage_records.version_id, usage_records.deployment_id,
      usage_records.hardware_sku), false) as fits
  from usage_records left join usage_records as run on run.id = usage_records.corrects
  where usage_records.id > $2 and usage_records.kind = 'correction'
    and ($3::text is null or usage_records.account_id = $3)
  order by usage_records.id limit $1`;

async function* verifyRest(client: PoolClient, accountId: string | null): AsyncGenerator<Step> {
  const from = { limit: PAGE, from: [''], values: [accountId] };
  for await (const rows of pages<LedgerRecord>(client, { ...from, text: WITHOUT_PREDICTION }, ({ id }) => [id]))
    yield {
      records: rows.length,
      differences: rows.map((row) =>
        aboutRecord(row, 'billed-without-prediction', 'prediction', row.predictionId, null),
      ),
    };
  const corrections = pages<LedgerRecord & { fits: boolean }>(client, { ...from, text: CORRECTIONS }, ({ id }) => [id]);
  for await (const rows of corrections)
    yield {
      corrections: rows.length,
      differences: rows
        .filter(({ fits }) => !fits)
        .map((row) => aboutRecord(row, 'wrong-correction', 'corrects', 'a record of the same run', row.corrects)),
    };
}

/** $1 account or null, $2 seconds. */
const UNSEALED = `select ${RECORD_SQL}, coalesce(noted_at < now() - make_interval(secs => $2), true) as late
  from usage_records left join usage_unsealed on record_id = usage_records.id
  where ($1::text is null or account_id = $1)
    and not exists (select from usage_seals where usage_seals.record_id = usage_records.id)`;

/** $1 account or null. */
const SEALED_TWICE = `select account_id as "accountId", record_id as "recordId", count(*) as times
  from usage_seals where $1::text is null or account_id = $1
  group by account_id, record_id having count(*) > 1`;

const LOST_BEFORE_SEAL = `select record_id as "recordId" from usage_unsealed
  where not exists (select from usage_records where id = record_id)`;

const SEQUENCE = 'select count(*) as links, coalesce(max(sequence), 0) as last from usage_seals';

interface Sealed {
  readonly accountId: string;
  readonly recordId: string;
  readonly times: number;
}

/** That every record is in one chain, once, and that no chain is gone as a whole. */
async function* verifySealing(client: PoolClient, accountId: string | null): AsyncGenerator<Step> {
  const unsealed = await client.query<LedgerRecord & { late: boolean }>(UNSEALED, [accountId, UNSEALED_SECONDS]);
  const twice = await client.query<Sealed>(SEALED_TWICE, [accountId]);
  yield {
    unsealed: unsealed.rows.length,
    differences: [
      ...unsealed.rows
        .filter(({ late }) => late)
        .map((row) => aboutRecord(row, 'not-sealed', 'link', `one within ${UNSEALED_SECONDS} s`, null)),
      ...twice.rows.map(
        ({ accountId: of, recordId, times }): Difference => ({
          kind: 'sealed-twice',
          accountId: of,
          predictionId: null,
          recordId,
          what: 'links',
          expected: 1,
          found: times,
        }),
      ),
    ],
  };
  // What is gone names no account.
  if (accountId !== null) return;
  const lost = await client.query<{ recordId: string }>(LOST_BEFORE_SEAL);
  const { rows } = await client.query<{ links: number; last: number }>(SEQUENCE);
  const nobodys = { accountId: null, predictionId: null };
  yield {
    differences: [
      ...lost.rows.map(
        ({ recordId }): Difference => ({
          kind: 'removed',
          ...nobodys,
          recordId,
          what: 'record',
          expected: recordId,
          found: null,
        }),
      ),
      ...rows
        .filter(({ links, last }) => links !== last)
        .map(
          ({ links, last }): Difference => ({
            kind: 'gap',
            ...nobodys,
            recordId: null,
            what: 'sequence',
            expected: last,
            found: links,
          }),
        ),
    ],
  };
}

const aboutRecord = (
  { accountId, predictionId, id }: LedgerRecord,
  kind: Difference['kind'],
  what: string,
  expected: Difference['expected'],
  found: Difference['found'],
): Difference => ({ kind, accountId, predictionId, recordId: id, what, expected, found });
