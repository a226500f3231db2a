import type { Difference, LedgerRecord } from '@hearth/core';
import type { ClientBase } from 'pg';
import type { Connection } from '../database.ts';
import type { Ledger, LedgerCounts, VerifiedPart } from '../store.ts';
import { RECORD_SQL } from './record.ts';
import { inSnapshot, pages } from './snapshot.ts';
import type { Step } from './step.ts';
import { verifyBills } from './verify-bills.ts';
import { verifyChains } from './verify-chains.ts';

const PAGE = 1_000;
/** The sealer looks every second. */
const UNSEALED_SECONDS = 60;

export function createVerify(connection: Pick<Connection, 'client'>): Ledger['verify'] {
  return ({ accountId }) => inSnapshot(connection, (client) => verifyAll(client, accountId ?? null));
}

async function* verifyAll(client: ClientBase, accountId: string | null): AsyncGenerator<VerifiedPart> {
  let checked: LedgerCounts = {
    predictions: 0,
    records: 0,
    corrections: 0,
    chains: 0,
    links: 0,
    unsealed: 0,
    unpriced: 0,
  };
  yield { checked, differences: [] };
  for (const steps of [verifyBills, verifyRest, verifyChains, verifySealing]) {
    for await (const { differences = [], ...counts } of steps(client, accountId)) {
      checked = added(checked, counts);
      yield { checked, differences: await named(client, differences) };
    }
  }
}

async function named(client: ClientBase, differences: readonly Difference[]): Promise<VerifiedPart['differences']> {
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

async function* verifyRest(client: ClientBase, accountId: string | null): AsyncGenerator<Step> {
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
  const { rows: overpaid } = await client.query<Overpaid>(OVERPAID, [accountId]);
  yield {
    differences: overpaid.map(({ leftMicros, ...of }) => ({
      ...ABOUT_NOTHING,
      ...of,
      kind: 'wrong-correction',
      what: 'cost_micros with all corrections',
      expected: 0,
      found: leftMicros,
    })),
  };
}

/** $1 account or null. Runs whose corrections give back more than they cost. */
const OVERPAID = `select min(account_id) as "accountId", prediction_id as "predictionId",
    sum(cost_micros)::bigint as "leftMicros"
  from usage_records as corrected
  where ($1::text is null or account_id = $1)
    and exists (select from usage_records where kind = 'correction' and prediction_id = corrected.prediction_id)
  group by prediction_id having sum(cost_micros) < 0
  order by prediction_id`;

interface Overpaid {
  readonly accountId: string;
  readonly predictionId: string;
  readonly leftMicros: number;
}

/** $1 limit, $2 id, $3 account or null, $4 seconds. What nothing has noted will never be sealed. */
const UNSEALED = `select ${RECORD_SQL}, coalesce(noted_at < now() - make_interval(secs => $4), true) as late
  from usage_records left join usage_unsealed on record_id = usage_records.id
  where id > $2 and ($3::text is null or account_id = $3)
    and not exists (select from usage_seals where usage_seals.record_id = usage_records.id)
  order by id limit $1`;

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
async function* verifySealing(client: ClientBase, accountId: string | null): AsyncGenerator<Step> {
  const query = { text: UNSEALED, limit: PAGE, from: [''], values: [accountId, UNSEALED_SECONDS] };
  for await (const rows of pages<LedgerRecord & { late: boolean }>(client, query, ({ id }) => [id]))
    yield {
      unsealed: rows.length,
      differences: rows
        .filter(({ late }) => late)
        .map((row) => aboutRecord(row, 'not-sealed', 'link', `one within ${UNSEALED_SECONDS} s`, null)),
    };
  const { rows: twice } = await client.query<Sealed>(SEALED_TWICE, [accountId]);
  yield {
    differences: twice.map(({ times, ...of }) => ({
      ...ABOUT_NOTHING,
      ...of,
      kind: 'sealed-twice',
      what: 'links',
      expected: 1,
      found: times,
    })),
  };
  // What is gone names no account.
  if (accountId === null) yield { differences: await goneAltogether(client) };
}

async function goneAltogether(client: ClientBase): Promise<readonly Difference[]> {
  const { rows: lost } = await client.query<{ recordId: string }>(LOST_BEFORE_SEAL);
  const { rows: sequence } = await client.query<{ links: number; last: number }>(SEQUENCE);
  return [
    ...lost.map(({ recordId }) => ({
      ...ABOUT_NOTHING,
      recordId,
      kind: 'removed' as const,
      what: 'record',
      expected: recordId,
      found: null,
    })),
    ...sequence
      .filter(({ links, last }) => links !== last)
      .map(({ links, last }) => ({
        ...ABOUT_NOTHING,
        kind: 'gap' as const,
        what: 'sequence',
        expected: last,
        found: links,
      })),
  ];
}

const ABOUT_NOTHING = { accountId: null, predictionId: null, recordId: null };

const aboutRecord = (
  { accountId, predictionId, id }: LedgerRecord,
  kind: Difference['kind'],
  what: string,
  expected: Difference['expected'],
  found: Difference['found'],
): Difference => ({ kind, accountId, predictionId, recordId: id, what, expected, found });
