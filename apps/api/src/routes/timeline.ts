import { predictionTimelineSchema } from '@hearth/contract';
import type { InstanceRow, PredictionRow } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { callerOf } from '../plugins/auth.ts';
import { own } from '../predictions/own.ts';
import { timelineOf } from '../predictions/timeline.ts';

/** Live instances of a deployment that are looked at for one that boots. */
const INSTANCES_LOOKED_AT = 20;

/** Ours: where the time of a prediction went. */
export function timelineRoutes(app: App, context: Context): void {
  const { predictions } = context.deps.store;
  app.get(
    '/predictions/:id/timeline',
    {
      config: { needs: 'read' },
      schema: {
        tags: ['predictions'],
        params: z.object({ id: z.string() }),
        response: { 200: predictionTimelineSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const row = own(await predictions.get(id), `Prediction ${id}`, callerOf(request));
      return timelineOf(row, await instanceOf(context, row));
    },
  );
}

async function instanceOf(
  { deps }: Context,
  { instanceId, status, deploymentId }: PredictionRow,
): Promise<InstanceRow | null> {
  const { instances } = deps.store;
  if (instanceId !== null) return instances.get(instanceId);
  if (status !== 'starting') return null;
  const live = await instances.list({ deploymentId, live: true, limit: INSTANCES_LOOKED_AT });
  return live.find(({ state }) => state === 'booting') ?? null;
}
