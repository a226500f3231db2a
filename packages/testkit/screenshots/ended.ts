import type { WirePrediction } from '@hearth/contract';
import { eventually, type House } from '../src/house.ts';

const BOOT_AND_RUN_MS = 120_000;

/** A prediction once it has ended, however it did. */
export const endOf = (house: House, { id }: WirePrediction): Promise<WirePrediction> =>
  eventually(
    `the end of ${id}`,
    async () => {
      const now = await house.get<WirePrediction>(`/v1/predictions/${id}`);
      return ['succeeded', 'failed', 'canceled'].includes(now.status) && now;
    },
    BOOT_AND_RUN_MS,
  );
