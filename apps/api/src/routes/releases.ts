import {
  pageQuerySchema,
  pageOf as pageSchema,
  releaseSchema,
  rollbackBodySchema,
  rolledBackSchema,
} from '@hearth/contract';
import type { DeploymentRow, ReleaseRow } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { changeable, changed, visible } from '../deployment-access.ts';
import { checkHardware } from '../hardware.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { invalidField, notFound } from '../problem.ts';
import { deployedAs, wireDeployment, wireRelease } from '../wire.ts';

const tags = ['deployments'];
const RELEASE_NUMBER = /^\d{1,9}$/;
const params = z.object({ owner: z.string(), name: z.string() });

/** Ours: what a deployment was, release by release, and the way back. */
export function releaseRoutes(app: App, context: Context): void {
  const { deps, urls, targets } = context;
  const { deployments } = deps.store;

  app.get(
    '/deployments/:owner/:name/releases',
    {
      config: { needs: 'read' },
      schema: { tags, params, querystring: pageQuerySchema, response: { 200: pageSchema(releaseSchema) } },
    },
    async (request) => {
      const row = await visible(context, request.params, callerOf(request));
      const page = pageOf(request.query.cursor, RELEASE_NUMBER);
      const releases = await deployments.releases(row.id, {
        limit: page.limit,
        before: page.before === undefined ? undefined : Number(page.before),
        after: page.after === undefined ? undefined : Number(page.after),
      });
      const rows = releases.map((release) => ({ ...release, id: String(release.number) }));
      const toWire = async (release: ReleaseRow) =>
        wireRelease(release, row.model, await targets.account(release.createdBy));
      return answerPage(rows, toWire, { urls, path: `/deployments/${row.owner}/${row.name}/releases`, page });
    },
  );

  app.post(
    '/deployments/:owner/:name/rollback',
    {
      config: { needs: 'deploy', audit: 'deployments.rollback' },
      schema: { tags, params, body: rollbackBodySchema, response: { 200: rolledBackSchema } },
    },
    async (request) => {
      const caller = callerOf(request);
      const row = changeable(await visible(context, request.params, caller), caller);
      const { number, ...content } = await earlier(context, row, request.body?.release ?? null, caller);
      const by = caller.account.username;
      const updated = await deployments.update(row.id, content, { by, restores: number });
      if (updated === null) throw notFound(`Deployment ${row.owner}/${row.name}`);
      changed(context);
      const subject = `${row.owner}/${row.name}`;
      noteChange(request, { subject, owner: row.owner, before: deployedAs(row), after: deployedAs(updated) });
      const { current_release, ...rest } = wireDeployment(updated, await targets.account(by));
      return { ...rest, current_release: { ...current_release, restores: number } };
    },
  );
}

/** The release to go back to, with its content; refused with a reason where what it ran is there no more. */
async function earlier({ deps, targets }: Context, row: DeploymentRow, asked: number | null, caller: Identity) {
  if (asked === null && row.release === 1)
    throw invalidField('release', 'number_gte', `${row.owner}/${row.name} has had one release only`);
  const number = asked ?? row.release - 1;
  const release = await deps.store.deployments.release(row.id, number);
  if (release === null)
    throw invalidField('release', 'enum', `there is no release ${number}; the newest is ${row.release}`);
  const { versionId, hardwareSku, minInstances, maxInstances, keepAlive } = release;
  await targets.byVersion(versionId, caller);
  await checkHardware(deps.store, hardwareSku);
  return { number, versionId, hardwareSku, minInstances, maxInstances, keepAlive };
}
