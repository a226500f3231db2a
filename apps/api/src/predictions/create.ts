import type { PredictionBody } from '@hearth/contract';
import { newId } from '@hearth/kit';
import { DeploymentGone, type NewPrediction, type PredictionRow } from '@hearth/store';
import type { ApiDeps } from '../deps.ts';
import type { Identity } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';
import { checkOwnFiles } from './own-files.ts';
import type { RunTarget } from './targets.ts';

export interface PredictionRequest {
  readonly target: RunTarget;
  readonly caller: Identity;
  readonly body: PredictionBody;
  readonly cancelAfterMs: number | null;
  /** The answer waits for the end, or for a second or more: only then may the disk take its time. */
  readonly held: boolean;
  /** Called with the id once it is known and before anything is stored. */
  readonly onId?: (id: string) => void;
}

/**
 * Stores a prediction, queues its ticket and tells the scheduler. The hot path: token, target and validator come from
 * caches, so it costs one insert and one enqueue.
 */
export async function createPrediction(deps: ApiDeps, request: PredictionRequest): Promise<PredictionRow> {
  const { target, caller, body, cancelAfterMs, held } = request;
  const { store, queues, bus, log, settings } = deps;
  const createdAt = deps.now();
  const input = target.validate(body.input);
  await checkOwnFiles(input, caller, { store, publicUrl: settings.publicUrl, now: createdAt });

  const id = newId(createdAt);
  request.onId?.(id);
  const { deployment, version } = target;
  const prediction: NewPrediction = {
    id,
    accountId: caller.account.id,
    model: deployment.model,
    versionId: version.id,
    deploymentId: deployment.id,
    deployment: deployment.implicit ? null : `${deployment.owner}/${deployment.name}`,
    hardwareSku: deployment.hardwareSku,
    input,
    source: 'api',
    webhook: body.webhook ?? null,
    webhookEventsFilter: body.webhook_events_filter ?? null,
    createdAt,
    deadlineAt: cancelAfterMs === null ? null : createdAt + cancelAfterMs,
    kind: 'prediction',
    destination: null,
  };
  const row = await insert(deps, prediction, !held);
  try {
    await queues.enqueue(deployment.id, { predictionId: id, attempt: 0 });
  } catch (error) {
    // The row stands, and the dispatcher's sweep queues what has no ticket: the caller's prediction is safe.
    log.warn({ err: error, prediction: id }, 'stored but not queued; the sweep will queue it');
  }
  bus.poke('scheduler');
  if (row.deadlineAt !== null) bus.poke('dispatcher');
  return row;
}

async function insert({ store }: ApiDeps, row: NewPrediction, durable: boolean): Promise<PredictionRow> {
  try {
    return await store.predictions.insert(row, { durable });
  } catch (error) {
    // It was removed within the seconds that we keep what we read.
    if (error instanceof DeploymentGone) throw notFound(`Deployment ${row.deployment ?? row.model}`);
    throw error;
  }
}
