import { hardwareBodySchema, hardwareSchema } from '@hearth/contract';
import type { Hardware } from '@hearth/core';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { checkNewHardware } from '../hardware.ts';
import { notFound, Problem } from '../problem.ts';
import { wireHardware } from '../wire.ts';

const tags = ['hardware'];

const hardwareOf = (body: z.infer<typeof hardwareBodySchema>): Hardware => ({
  sku: body.sku,
  name: body.name,
  gpus: body.gpus,
  gpuShareMiB: body.gpu_share_mib,
  gpuType: body.gpu_type,
  vramMiB: body.vram_mib,
  cpus: body.cpus,
  memoryMiB: body.memory_mib,
  labels: body.labels,
  fallback: body.fallback,
  priceMicrosPerSecond: body.price_micros_per_second,
});

export function hardwareRoutes(app: App, { deps }: Context): void {
  const { hosts } = deps.store;

  /** A bare array, as Replicate has it. */
  app.get(
    '/hardware',
    { config: { needs: 'read' }, schema: { tags, response: { 200: z.array(hardwareSchema) } } },
    async () => (await hosts.hardware()).map(wireHardware),
  );

  /** Ours: makes a SKU or replaces it. What runs already keeps the price it ran at. */
  app.post(
    '/hardware',
    {
      config: { needs: 'operator', audit: 'hardware.put' },
      schema: { tags, body: hardwareBodySchema, response: { 200: hardwareSchema } },
    },
    async (request) => {
      const row = hardwareOf(request.body);
      await checkNewHardware(deps.store, row);
      await hosts.putHardware(row);
      deps.bus.poke('scheduler');
      return wireHardware(row);
    },
  );

  /** Ours. What ran on it keeps its record. */
  app.delete(
    '/hardware/:sku',
    {
      config: { needs: 'operator', audit: 'hardware.remove' },
      schema: { tags, params: z.object({ sku: z.string() }) },
    },
    async (request, reply) => {
      const { sku } = request.params;
      const outcome = await hosts.removeHardware(sku);
      if (outcome === null) throw notFound(`Hardware ${sku}`);
      if (!outcome.removed) throw new Problem('hardware-in-use', `${sku} is used by: ${outcome.usedBy.join(', ')}.`);
      deps.bus.poke('scheduler');
      return reply.code(204).send();
    },
  );
}
