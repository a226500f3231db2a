import { newId } from '@hearth/kit';
import { type RawBuilder, sql } from 'kysely';
import { PREDICTION_COLUMNS } from './columns.ts';
import type { Database } from './database.ts';
import { MODEL } from './model-columns.ts';
import type { DescribedModel, PredictionRow } from './store.ts';
import { typicalRuns } from './typical-runs.ts';

/** Uncounted runs of a model that make it worth writing the count down. */
const FOLD_AT = 1_000;
/** By then an insert has happened or failed, and clocks of the same house agree: no run with an earlier id comes in. */
const SETTLED_MS = 120_000;

const UNCOUNTED = sql<number>`(
  select count(*) from predictions
  where predictions.model = models.owner || '/' || models.name and predictions.id > models.runs_until
)`;

/** A model's newest version's instant; a model without one comes as if it had one from 1970. */
export const NEWEST_VERSION_AT: RawBuilder<number> = sql`coalesce(newest.created_at, to_timestamp(0))`;

/**
 * Standing models that `viewer` may see (left out: all), each with its newest version and how often it ran.
 * `mark`: a number that the caller wants of each, to order them by.
 */
export function describedModels(db: Database, viewer: string | undefined, mark: RawBuilder<number> = sql`0`) {
  const query = db
    .selectFrom('models')
    .leftJoinLateral(
      (newest) =>
        newest
          .selectFrom('versions')
          .selectAll()
          .whereRef('versions.model_id', '=', 'models.id')
          .where('versions.removed_at', 'is', null)
          .orderBy('versions.seq', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .select(MODEL)
    .select([
      'newest.id as versionId',
      'newest.source',
      'newest.runtime',
      'newest.openapi_schema as openapiSchema',
      'newest.cog_version as cogVersion',
      'newest.slots',
      'newest.base_version_id as baseVersionId',
      'newest.weights_file_id as weightsFileId',
      'newest.created_at as versionCreatedAt',
      'models.runs',
      UNCOUNTED.as('uncounted'),
      mark.as('mark'),
    ])
    .where('models.removed_at', 'is', null);
  if (viewer === undefined) return query;
  return query.where((model) => model.or([model('visibility', '=', 'public'), model('owner', '=', viewer)]));
}

type Row = Awaited<ReturnType<ReturnType<typeof describedModels>['execute']>>[number];

/** What {@link describedModels} found, with the examples. */
export async function completed(
  db: Database,
  rows: readonly Row[],
  now: number,
): Promise<{ model: DescribedModel; mark: number }[]> {
  if (rows.length === 0) return [];
  const [examples, typical] = await Promise.all([
    defaultExamples(
      db,
      rows.map((row) => row.id),
    ),
    typicalRuns(
      db,
      rows.flatMap(({ versionId }) => versionId ?? []),
    ),
  ]);
  await foldRuns(db, rows, now);
  return rows.map((row) => ({
    model: {
      ...asModel(row, examples.get(row.id) ?? null),
      typicalRun: typical.get(row.versionId ?? '') ?? null,
    },
    mark: row.mark,
  }));
}

/**
 * A model's runs are counted where they lie, because a counter written by every prediction would be a row that all of them
 * wait for. What was counted once is written down, so that the next one to look counts only what came since.
 */
async function foldRuns(db: Database, rows: readonly Row[], now: number): Promise<void> {
  const due = rows.filter((row) => row.uncounted >= FOLD_AT).map((row) => row.id);
  if (due.length === 0) return;
  const settled = newId(now - SETTLED_MS);
  await db
    .updateTable('models')
    .set({
      runs: sql`runs + (
        select count(*) from predictions
        where predictions.model = models.owner || '/' || models.name
          and predictions.id > models.runs_until and predictions.id <= ${settled}
      )`,
      runs_until: settled,
    })
    .where('id', 'in', due)
    // A fold recounts nothing that another one had, and busy models are written once in a while only.
    .where('runs_until', '<', newId(now - 2 * SETTLED_MS))
    .execute();
}

async function defaultExamples(db: Database, modelIds: readonly string[]): Promise<Map<string, PredictionRow>> {
  const rows = await db
    .selectFrom((pinned) =>
      pinned
        .selectFrom('model_examples')
        .distinctOn('model_id')
        .select(['model_id', 'prediction_id'])
        .where('model_id', 'in', modelIds)
        .orderBy('model_id')
        .orderBy('is_default', 'desc')
        .orderBy('seq')
        .as('pinned'),
    )
    .innerJoin('predictions', 'predictions.id', 'pinned.prediction_id')
    .select(PREDICTION_COLUMNS)
    .select('pinned.model_id as modelId')
    .execute();
  return new Map(rows.map(({ modelId, ...prediction }) => [modelId, prediction]));
}

function asModel(row: Row, defaultExample: PredictionRow | null): Omit<DescribedModel, 'typicalRun'> {
  const { versionId, source, runtime, openapiSchema, cogVersion, slots, baseVersionId, weightsFileId, ...rest } = row;
  const { versionCreatedAt, runs, uncounted, mark: _mark, ...model } = rest;
  const has =
    versionId !== null &&
    source !== null &&
    runtime !== null &&
    openapiSchema !== null &&
    cogVersion !== null &&
    slots !== null &&
    versionCreatedAt !== null;
  return {
    ...model,
    runCount: runs + uncounted,
    defaultExample,
    latestVersion: has
      ? {
          id: versionId,
          modelId: model.id,
          owner: model.owner,
          name: model.name,
          source,
          runtime,
          openapiSchema,
          cogVersion,
          slots,
          baseVersionId,
          weightsFileId,
          createdAt: versionCreatedAt,
        }
      : null,
  };
}
