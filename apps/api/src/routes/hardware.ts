import { hardwareBodySchema, hardwareSchema } from '@hearth/contract';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { requireAdmin } from '../plugins/auth.ts';
import { wireHardware } from '../wire.ts';

const tags = ['hardware'];

export function hardwareRoutes(app: App, { deps }: Context): void {
  const { hosts } = deps.store;

  /** A bare array, as Replicate has it. */
  app.get('/hardware', { schema: { tags, response: { 200: z.array(hardwareSchema) } } }, async () =>
    (await hosts.hardware()).map(wireHardware),
  );

  /** Ours: makes a SKU or replaces it. What runs already keeps the price it ran at. */
  app.post(
    '/hardware',
    { onRequest: requireAdmin, schema: { tags, body: hardwareBodySchema, response: { 200: hardwareSchema } } },
    async (request) => {
      const { sku, name, gpus, cpus, vram_mib, memory_mib, price_micros_per_second } = request.body;
      const row = {
        sku,
        name,
        gpus,
        cpus,
        vramMiB: vram_mib,
        memoryMiB: memory_mib,
        priceMicrosPerSecond: price_micros_per_second,
      };
      await hosts.putHardware(row);
      deps.bus.poke('scheduler');
      return wireHardware(row);
    },
  );
}
