import { instanceListQuerySchema, instanceSchema, pageOf as pageSchema, statusSchema } from '@hearth/contract';
import type { InstanceRow } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { deploymentNamed, maySee, withoutLog } from '../deployment-reference.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, mayChange } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';
import { askScheduler, schedulerIsSilent } from '../scheduler-client.ts';
import { wireInstance } from '../wire.ts';
import { wireStatus } from '../wire-status.ts';

const tags = ['fleet'];

/** Ours: what runs where, and how warm everything is. */
export function fleetRoutes(app: App, context: Context): void {
  const { deps, urls } = context;

  app.get(
    '/instances',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: instanceListQuerySchema, response: { 200: pageSchema(instanceSchema) } },
    },
    async (request) => {
      const { cursor, all, deployment } = request.query;
      const caller = callerOf(request);
      const page = pageOf(cursor);
      const rows = await deps.store.instances.list({
        ...page,
        live: all === 'true' ? undefined : true,
        deploymentId:
          deployment === undefined ? undefined : (await deploymentNamed(context, deployment, caller)).deployment.id,
      });
      const toItem = async (row: (typeof rows)[number]) => {
        const of = await context.targets.deployment(row.deploymentId);
        if (!(await maySee(context, caller, of))) return null;
        const wire = wireInstance(row, { deployment: of && `${of.owner}/${of.name}`, model: of?.model ?? null });
        return of === null || mayChange(caller, of) ? wire : withoutLog(wire);
      };
      return answerPage(rows, toItem, { urls, path: '/instances', page, filters: { all, deployment } });
    },
  );

  /** What a model prints may hold what its callers sent, so this is for those who run the deployment. */
  app.get(
    '/instances/:id/logs',
    { config: { needs: 'read' }, schema: { tags, params: z.object({ id: z.string() }) } },
    async (request, reply) => {
      const { id } = request.params;
      const row = await deps.store.instances.get(id);
      const of = row && (await context.targets.deployment(row.deploymentId));
      const caller = callerOf(request);
      const allowed = caller.operator || (of !== null && mayChange(caller, of));
      if (row === null || !allowed) throw notFound(`Instance ${id}`);
      return reply.type('text/plain; charset=utf-8').send(await readLogs(context, row));
    },
  );

  app.get(
    '/status',
    { config: { needs: 'read' }, schema: { tags, response: { 200: statusSchema } } },
    async (request) => {
      const caller = callerOf(request);
      const rows = await deps.store.deployments.overview();
      const seen = await Promise.all(rows.map(({ deployment }) => maySee(context, caller, deployment)));
      const toItem = async (row: (typeof rows)[number]) => {
        const wire = wireStatus(row, await context.bootOf(row.instances));
        return mayChange(caller, row.deployment) ? wire : withoutLog(wire);
      };
      return { deployments: await Promise.all(rows.filter((_row, at) => seen[at]).map(toItem)) };
    },
  );
}

/** The scheduler alone sees containers and processes. Where it is silent, the end of the log that a failure kept. */
async function readLogs(context: Context, row: InstanceRow): Promise<string> {
  const answer = await askScheduler(context, `/instances/${row.id}/logs`);
  if (answer !== null) return answer.text();
  if (row.failure !== null) return row.failure.logTail;
  throw schedulerIsSilent();
}
