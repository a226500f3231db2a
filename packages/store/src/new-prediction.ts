import type { NewPrediction, PredictionRow } from './store.ts';
import { at, atOrNull, json } from './values.ts';

/** The prediction's deployment was removed, or never was. */
export class DeploymentGone extends Error {
  override readonly name = 'DeploymentGone';
  constructor(deploymentId: string) {
    super(`there is no deployment ${deploymentId}`);
  }
}

/** The first parameters of every insert of a prediction, $1 to $17. */
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
];

/** What the insert says of where it stands. */
export type Place = Pick<PredictionRow, 'priority' | 'held'>;

/** What the insert left in the table; the document is not read back. */
export const asInserted = ({ tokenId: _forUsage, ...row }: NewPrediction, place: Place): PredictionRow => ({
  ...row,
  ...place,
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
