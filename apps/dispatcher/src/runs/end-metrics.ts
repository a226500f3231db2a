import type { Millis, UsageRecord } from '@hearth/core';

/**
 * What the platform measured of an ended prediction: seconds of run time, seconds from its creation to its end, and its
 * cost in the operator's currency, exactly as its usage record bills it (0 where there is none: it never ran).
 */
export const endMetrics = (createdAt: Millis, completedAt: Millis, usage: UsageRecord | null) => ({
  predict_time: (usage?.predictMicroseconds ?? 0) / 1_000_000,
  total_time: Math.max(0, completedAt - createdAt) / 1_000,
  cost: (usage?.costMicros ?? 0) / 1_000_000,
});
