import { instanceSchema, warmBodySchema, warmedSchema } from '@hearth/contract';
import type { InstanceAsk } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { changeable, changed } from '../deployment-access.ts';
import { deploymentNamed } from '../deployment-reference.ts';
import { callerOf, mayChange } from '../plugins/auth.ts';
import { notFound, Problem } from '../problem.ts';
import { dateOrNull, wireInstance } from '../wire.ts';

/** A person who warms something up is about to use it. */
const USUAL_WARM_SECONDS = 900;

/** Ours: what an operator asks of the fleet. Each is noted here and done by the scheduler. */
export function operationRoutes(app: App, context: Context): void {
  const { bus, now, store } = context.deps;

  const instanceSchemas = {
    tags: ['fleet'],
    params: z.object({ id: z.string() }),
    response: { 202: instanceSchema },
  };
  for (const ask of ['drain', 'stop'] satisfies InstanceAsk[]) {
    app.post(
      `/instances/:id/${ask}`,
      { config: { needs: 'deploy', audit: `instances.${ask}` }, schema: instanceSchemas },
      async (request, reply) => {
        const { id } = request.params;
        const caller = callerOf(request);
        const row = await store.instances.get(id);
        const of = row && (await context.targets.deployment(row.deploymentId));
        const allowed = caller.operator || (of !== null && mayChange(caller, of));
        if (row === null || !allowed) throw notFound(`Instance ${id}`);
        if (!(await store.instances.ask(id, ask, caller.account.username, now())))
          throw new Problem('instance-ended', `Instance ${id} is ${row.state}.`);
        bus.poke('scheduler');
        noteChange(request, { subject: id, owner: of?.owner ?? null, after: { ask } });
        const deployment = of && `${of.owner}/${of.name}`;
        reply.code(202);
        return wireInstance({ ...row, inFlight: 0, lastUsedAt: null }, { deployment, model: of?.model ?? null });
      },
    );
  }

  app.post(
    '/deployments/:owner/:name/warm',
    {
      config: { needs: 'deploy', audit: 'deployments.warm' },
      schema: {
        tags: ['deployments'],
        params: z.object({ owner: z.string(), name: z.string() }),
        body: warmBodySchema,
        response: { 202: warmedSchema },
      },
    },
    async (request, reply) => {
      const reference = `${request.params.owner}/${request.params.name}`;
      const caller = callerOf(request);
      const { deployment } = await deploymentNamed(context, reference, caller);
      changeable(deployment, caller);
      const seconds = request.body?.seconds ?? USUAL_WARM_SECONDS;
      if (deployment.maxInstances === 0 && seconds > 0)
        throw new Problem('switched-off', `The maximum of ${reference} is 0 instances. Raise it first.`);
      const until = seconds === 0 ? null : now() + seconds * 1_000;
      if ((await store.deployments.keepWarm(deployment.id, until)) === null) throw notFound(`Deployment ${reference}`);
      changed(context);
      noteChange(request, { subject: reference, owner: deployment.owner, after: { warm_until: dateOrNull(until) } });
      reply.code(202);
      return { deployment: reference, warm_until: dateOrNull(until) };
    },
  );
}
