import { createHash } from 'node:crypto';
import type { Signer } from '@hearth/files';
import type { PredictionRow, Store, TrainedVersion } from '@hearth/store';
import { outputFileId } from '../model/inputs.ts';

export interface TrainingContext {
  readonly store: Pick<Store, 'files' | 'models'>;
  readonly signer: Signer;
  readonly nowSeconds: number;
}

/** What a training that its server called succeeded comes to. */
export type TrainingEnd =
  /** `output` as users get it: `version` (`owner/name:<64 hex>`), `weights` (a URL), and what else the trainer returned. */
  | { readonly made: TrainedVersion; readonly output: Record<string, unknown> }
  /** No version can be made of it, and why not. */
  | { readonly error: string };

/** `output`: what the trainer returned, its files stored by now. Asked again after a crash it answers the same. */
export async function endOfTraining(
  row: PredictionRow,
  output: unknown,
  { store, signer, nowSeconds }: TrainingContext,
): Promise<TrainingEnd> {
  const returned = isObject(output) ? output : { weights: output };
  const { weights } = returned;
  if (typeof weights !== 'string' || weights === '') return { error: NO_WEIGHTS };
  const fileId = outputFileId(weights, signer, nowSeconds);
  const file = fileId === null ? null : await store.files.get(fileId);
  if (file?.predictionId !== row.id)
    return {
      error: `The training's weights are "${weights.slice(0, LONGEST_QUOTED)}", which is no file that it uploaded.`,
    };
  const [owner = '', name = ''] = (row.destination ?? '').split('/');
  const destination = await store.models.byName(owner, name);
  if (destination === null) return { error: `The training's destination ${row.destination} no longer exists.` };
  if ((await store.models.version(row.versionId)) === null)
    return { error: `The version that was trained, ${row.versionId}, no longer exists.` };
  const id = trainedVersionId(row.versionId, destination.id, file.sha256);
  return {
    made: { id, modelId: destination.id, baseVersionId: row.versionId, weightsFileId: file.id },
    output: { ...returned, version: `${row.destination}:${id}`, weights },
  };
}

const LONGEST_QUOTED = 200;
const NO_WEIGHTS =
  'The training returned no weights: its output must be a file, or an object with a file under "weights".';

/**
 * Of what makes the version what it is, so that whoever ends the training, and however often, arrives at the same id.
 * The destination is in it because a version belongs to one model: equal weights may go to two.
 */
const trainedVersionId = (baseVersionId: string, modelId: string, weightsSha256: string): string =>
  createHash('sha256').update(`${baseVersionId}\n${modelId}\n${weightsSha256}`).digest('hex');

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
