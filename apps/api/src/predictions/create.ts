import type { PredictionBody } from '@hearth/contract';
import { newId } from '@hearth/kit';
import {
  BudgetExceeded,
  DeploymentGone,
  type NewPrediction,
  type PredictionRow,
  type SealedInput,
} from '@hearth/store';
import type { ApiDeps } from '../deps.ts';
import type { Identity } from '../plugins/auth.ts';
import { invalidFields, notFound, Problem } from '../problem.ts';
import { keyReused, type Repeatable, requestHash } from './idempotency.ts';
import { refusedUrls } from './outbound-check.ts';
import { overBudget } from './over-budget.ts';
import { checkOwnFiles, fileUrlsIn, isOwnOutput } from './own-files.ts';
import { guardSecrets } from './secrets.ts';
import { type FoundString, stringsIn } from './strings.ts';
import type { RunTarget } from './targets.ts';

export interface PredictionRequest extends Storing {
  readonly target: RunTarget;
  readonly caller: Identity;
  readonly body: PredictionBody;
  /** `owner/name` of the model that a training makes a version of; left out for predictions. */
  readonly destination?: string;
  readonly cancelAfterMs: number | null;
}

/**
 * Stores a prediction, queues its ticket and tells the scheduler. The hot path: token, target and validator come from
 * caches, so it costs one insert and one enqueue.
 */
export async function createPrediction(deps: ApiDeps, request: PredictionRequest): Promise<PredictionRow> {
  const { target, caller, body, cancelAfterMs, destination = null } = request;
  const { store, settings } = deps;
  const createdAt = deps.now();
  const strings = stringsIn(body.input);
  const id = newId(createdAt);
  const { input, sealed } = guardSecrets(id, target.validate(body.input), target.fields, deps.sealer);
  const ours = await checkOwnFiles(strings, caller, { store, publicUrl: settings.publicUrl, now: createdAt });
  const given = fileUrlsIn(strings, target.fields).filter(({ text }) => !ours.has(text) && !isOwnOutput(text, deps));
  await checkOutbound(deps, body.webhook ?? null, given);

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
    source: caller.source,
    webhook: body.webhook ?? null,
    webhookEventsFilter: body.webhook_events_filter ?? null,
    createdAt,
    deadlineAt: cancelAfterMs === null ? null : createdAt + cancelAfterMs,
    kind: destination === null ? 'prediction' : 'training',
    destination,
    streamsFiles: target.streamsFiles,
    tokenId: caller.tokenId,
    holdMicros: target.holdMicros,
  };
  return sealed === null
    ? storeAndQueue(deps, prediction, request)
    : storeWithSecrets(deps, prediction, { sealed, storing: request });
}

/** Secrets come before their prediction, which may be claimed at once; where there is none of it they go again. */
async function storeWithSecrets(
  deps: ApiDeps,
  row: NewPrediction,
  { sealed, storing }: { sealed: SealedInput; storing: Storing },
): Promise<PredictionRow> {
  const { sealedInputs } = deps.store;
  const hashOf = (asked: unknown) => deps.sealer.digest(requestHash(asked));
  await sealedInputs.put(row.id, sealed, row.createdAt);
  try {
    const stored = await storeAndQueue(deps, row, { ...storing, hashOf });
    if (stored.id !== row.id) await sealedInputs.takeBack(row.id);
    return stored;
  } catch (error) {
    if (error instanceof Problem) await sealedInputs.takeBack(row.id);
    throw error;
  }
}

/** @throws Problem `invalid-request`, `invalid-input`: what would not be opened later is refused now */
async function checkOutbound({ urlCheck }: ApiDeps, webhook: string | null, files: readonly FoundString[]) {
  if (webhook !== null) {
    const issues = await refusedUrls([{ path: 'webhook', text: webhook }], urlCheck);
    if (issues.length > 0) throw invalidFields('invalid-request', issues);
  }
  const issues = files.length === 0 ? [] : await refusedUrls(files, urlCheck);
  if (issues.length > 0) throw invalidFields('invalid-input', issues);
}

interface Storing {
  /** The answer waits for the end, or for a second or more: only then may the disk take its time. */
  readonly held: boolean;
  /** Null: every request makes a prediction of its own. */
  readonly repeatable: Repeatable | null;
  /** What tells one request from another; left out: {@link requestHash}. One with a secret must not be found by guessing that. */
  readonly hashOf?: (request: unknown) => string;
  /**
   * Called with the id before anything is stored; called again where the answer is an earlier prediction of the same key,
   * before its state is read.
   */
  readonly onId?: (id: string) => void;
}

/**
 * Stores a new prediction or training and queues its ticket; under a key that has one already, answers that one as it is
 * now. One insert and one enqueue.
 * @throws Problem `idempotency-key-reused`; `budget-exceeded` and `too-many-in-flight`, and then nothing is stored; `not-found` where its deployment was removed meanwhile
 */
async function storeAndQueue(deps: ApiDeps, row: NewPrediction, storing: Storing): Promise<PredictionRow> {
  storing.onId?.(row.id);
  const stored = await insert(deps, row, storing);
  if (stored.id !== row.id) {
    storing.onId?.(stored.id);
    return asItIs(deps, stored);
  }
  await queue(deps, stored);
  if (stored.deadlineAt !== null) deps.bus.poke('dispatcher');
  return stored;
}

async function insert(
  { store }: ApiDeps,
  row: NewPrediction,
  { held, repeatable, hashOf = requestHash }: Storing,
): Promise<PredictionRow> {
  try {
    if (repeatable === null) return await store.predictions.insert(row, { durable: !held });
    const { key, request } = repeatable;
    const hash = hashOf(request);
    const kept = await store.predictions.insertOnce(row, { key, requestHash: hash });
    if (kept.requestHash !== hash) throw keyReused(key, kept.row.id);
    return kept.row;
  } catch (error) {
    // It was removed within the seconds that we keep what we read.
    if (error instanceof DeploymentGone) throw notFound(`Deployment ${row.deployment ?? row.model}`);
    if (error instanceof BudgetExceeded) throw overBudget(error, row.createdAt);
    throw error;
  }
}

/** An earlier prediction, read anew. The API that made it may have died before it was queued: a ticket that is there stays. */
async function asItIs(deps: ApiDeps, kept: PredictionRow): Promise<PredictionRow> {
  const row = (await deps.store.predictions.get(kept.id)) ?? kept;
  if (row.status === 'starting') await queue(deps, row);
  return row;
}

/** And tells who is to look at it next. One that is held gets its ticket from the dispatcher, when its account has room. */
async function queue({ queues, bus, log }: ApiDeps, row: PredictionRow): Promise<void> {
  if (row.held) return bus.poke('dispatcher');
  // It looks at the store alone, so it need not wait for the ticket.
  bus.poke('scheduler');
  try {
    await queues.enqueue(row.deploymentId, { predictionId: row.id, attempt: row.attempt }, row.priority);
  } catch (error) {
    // The row stands, and the dispatcher's sweep queues what has no ticket: the caller's prediction is safe.
    log.warn({ err: error, prediction: row.id }, 'stored but not queued; the sweep will queue it');
  }
}
