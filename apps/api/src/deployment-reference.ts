import type { WireFailure } from '@hearth/contract';
import type { DeploymentOverview, DeploymentRow } from '@hearth/store';
import type { Context } from './context.ts';
import { type Identity, mayUse } from './plugins/auth.ts';
import { notFound } from './problem.ts';

/**
 * A deployment by its `owner/name` that the caller may see; where there is none, the newest that the platform made to run a
 * version of that model.
 * @throws Problem `not-found`
 */
export async function deploymentNamed(
  context: Context,
  reference: string,
  caller: Identity,
): Promise<DeploymentOverview> {
  const overview = await context.deps.store.deployments.overview();
  const named = overview
    .filter(({ deployment: { owner, name, mode } }) => `${owner}/${name}` === reference && mode === 'predict')
    .toSorted(
      ({ deployment: a }, { deployment: b }) => Number(a.implicit) - Number(b.implicit) || (a.id < b.id ? 1 : -1),
    );
  for (const row of named) if (await maySee(context, caller, row.deployment)) return row;
  throw notFound(`Deployment ${reference}`);
}

/**
 * A deployment's state without what its models print, for who only runs it: the end of a log may hold what other callers sent.
 */
export const withoutLog = <Row extends { readonly failure: WireFailure | null }>(row: Row): Row =>
  row.failure === null ? row : { ...row, failure: { ...row.failure, log_tail: '' } };

/** Members see what runs models that they may use; what belongs to nothing any more is for the operator. */
export async function maySee(
  { targets }: Context,
  caller: Identity,
  deployment: DeploymentRow | null,
): Promise<boolean> {
  if (caller.operator) return true;
  const [owner = '', name = ''] = deployment?.model.split('/') ?? [];
  const model = deployment && (await targets.model(owner, name));
  return model !== null && mayUse(caller, model);
}
