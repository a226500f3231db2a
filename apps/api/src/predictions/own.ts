import type { PredictionRow } from '@hearth/store';
import type { Identity } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';

/** Another account's prediction is as if it were not there, but for the operator. `what`: as the refusal calls it. */
export function own(row: PredictionRow | null, what: string, caller: Identity): PredictionRow {
  if (row !== null && (caller.operator || row.accountId === caller.account.id)) return row;
  throw notFound(what);
}
