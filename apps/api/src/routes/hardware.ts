import { hardwareBodySchema, hardwarePriceSchema, hardwareSchema } from '@hearth/contract';
import { type Hardware, PRICE_LEAD_MS } from '@hearth/core';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { checkNewHardware } from '../hardware.ts';
import { callerOf } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { date, wireHardware } from '../wire.ts';

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
  const knownAs = async (sku: string) =>
    (await hosts.hardware()).map(wireHardware).find((row) => row.sku === sku) ?? null;

  /** Nothing is billed anew: a price comes before the runs that it is for. */
  const priceFrom = async (sku: string, given: string | undefined): Promise<{ at: number; from?: number }> => {
    const at = deps.now();
    if (given === undefined) return { at };
    const from = Date.parse(given);
    if (from < at + PRICE_LEAD_MS)
      throw invalidField(
        'price_from',
        'custom',
        `is ${given}; it must be ${PRICE_LEAD_MS / 1_000} s from now at least, or left out for now`,
      );
    if ((await hosts.priceHistory(sku)).length === 0)
      throw invalidField('price_from', 'custom', `is ${given}, but ${sku} has no price until then; leave it out`);
    return { at, from };
  };

  /** A bare array, as Replicate has it. */
  app.get(
    '/hardware',
    { config: { needs: 'read' }, schema: { tags, response: { 200: z.array(hardwareSchema) } } },
    async () => (await hosts.hardware()).map(wireHardware),
  );

  /** Ours: what was ever set, the newest first; of a SKU that was removed too. */
  app.get(
    '/hardware/:sku/prices',
    {
      config: { needs: 'read' },
      schema: { tags, params: z.object({ sku: z.string() }), response: { 200: z.array(hardwarePriceSchema) } },
    },
    async (request) => {
      const { sku } = request.params;
      const history = await hosts.priceHistory(sku);
      if (history.length === 0) throw notFound(`Hardware ${sku}`);
      return history.map(({ priceMicrosPerSecond, effectiveFrom, setAt, setBy }) => ({
        price_micros_per_second: priceMicrosPerSecond,
        from: date(effectiveFrom),
        set_at: date(setAt),
        set_by: setBy,
      }));
    },
  );

  /** Ours: makes a SKU or replaces it. What has started keeps the price that it started at. */
  app.post(
    '/hardware',
    {
      config: { needs: 'operator', audit: 'hardware.put' },
      schema: { tags, body: hardwareBodySchema, response: { 200: hardwareSchema } },
    },
    async (request) => {
      const row = hardwareOf(request.body);
      await checkNewHardware(deps.store, row);
      const before = await knownAs(row.sku);
      const from = await priceFrom(row.sku, request.body.price_from);
      await hosts.putHardware(row, { ...from, setBy: callerOf(request).account.username });
      const after = { ...wireHardware(row), price_from: request.body.price_from ?? null };
      noteChange(request, { subject: row.sku, owner: null, before, after });
      deps.bus.poke('scheduler');
      const standing = (await hosts.hardware()).find(({ sku }) => sku === row.sku);
      return wireHardware(standing ?? row);
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
      const before = await knownAs(sku);
      const outcome = await hosts.removeHardware(sku);
      if (outcome === null) throw notFound(`Hardware ${sku}`);
      if (!outcome.removed) throw new Problem('hardware-in-use', `${sku} is used by: ${outcome.usedBy.join(', ')}.`);
      noteChange(request, { subject: sku, owner: null, before });
      deps.bus.poke('scheduler');
      return reply.code(204).send();
    },
  );
}
