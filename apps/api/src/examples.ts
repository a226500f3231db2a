import { inputSchemaOf, isSecretField } from '@hearth/contract';
import type { ModelRow, PredictionRow } from '@hearth/store';
import type { Context } from './context.ts';
import type { Identity } from './plugins/auth.ts';
import { own } from './predictions/own.ts';
import { Problem } from './problem.ts';

/**
 * A prediction of the caller's that may be shown to everybody who sees the model.
 * @throws Problem `not-found`, `not-an-example`
 */
export async function fitExample(
  { deps }: Context,
  model: ModelRow,
  id: string,
  caller: Identity,
): Promise<PredictionRow> {
  const row = own(await deps.store.predictions.get(id), `Prediction ${id}`, caller);
  const refused = (why: string) => new Problem('not-an-example', `${id} ${why}`);
  if (row.kind === 'training') throw refused('is a training.');
  if (row.model !== `${model.owner}/${model.name}`) throw refused(`ran on ${row.model}.`);
  if (row.status !== 'succeeded') throw refused(`has not succeeded: it is ${row.status}.`);
  if (row.dataRemovedAt !== null) throw refused('has lost its data. Run it again, and choose it before that goes.');
  const version = await deps.store.models.version(row.versionId);
  if (version === null) throw refused('ran on a version that was deleted.');
  const fields = Object.entries(inputSchemaOf(version.openapiSchema)?.properties ?? {});
  const secret = fields.find(([name, field]) => isSecretField(field) && row.input[name] !== undefined);
  if (secret) throw refused(`was given a secret, input.${secret[0]}, which everybody would see.`);
  return row;
}
