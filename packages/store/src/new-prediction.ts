import type { BudgetBound } from '@hearth/core';
import type { NewPrediction, PredictionRow } from './store.ts';
import { at, atOrNull, json } from './values.ts';

/** The prediction's deployment was removed, or never was. */
export class DeploymentGone extends Error {
  override readonly name = 'DeploymentGone';
  constructor(deploymentId: string) {
    super(`there is no deployment ${deploymentId}`);
  }
}

/** The prediction would cost more than a budget has left, or be one too many of a token. Nothing was stored. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
  readonly bound: BudgetBound;
  constructor(bound: BudgetBound) {
    super(
      `${bound.spent} spent, ${bound.held} held and ${bound.needed} more exceed the limit of ${bound.limit} (${bound.what})`,
    );
    this.bound = bound;
  }
}

/** The first parameters of every insert of a prediction, $1 to $18. */
export const insertValues = (row: NewPrediction): unknown[] => [
  row.id,
  row.accountId,
  row.model,
  row.versionId,
  row.deploymentId,
  row.deployment,
  row.hardwareSku,
  json(row.input),
  row.source,
  row.webhook,
  row.webhookEventsFilter,
  at(row.createdAt),
  atOrNull(row.deadlineAt),
  row.kind,
  row.destination,
  row.streamsFiles,
  row.tokenId ?? null,
  row.holdMicros ?? 0,
];

/** What the insert says of where it stands. */
export type Place = Pick<PredictionRow, 'priority' | 'held'>;

/** What the insert left in the table; the document is not read back. */
export const asInserted = (
  { tokenId: _forUsage, holdMicros = 0, ...row }: NewPrediction,
  place: Place,
): PredictionRow => ({
  ...row,
  ...place,
  holdMicros,
  status: 'starting',
  attempt: 0,
  lostAttempts: 0,
  instanceId: null,
  output: null,
  error: null,
  logs: '',
  metrics: null,
  startedAt: null,
  completedAt: null,
  cancelRequestedAt: null,
  dataRemovedAt: null,
});
