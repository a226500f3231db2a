export const DAYS = ['7', '30', '90'] as const;
export type Days = (typeof DAYS)[number];
export const GROUPS = ['model', 'deployment', 'token', 'account'] as const;
export type Group = (typeof GROUPS)[number];

/** What is looked at, as the URL has it. What the URL lacks is the usual. */
export interface UsageView {
  readonly days?: Days | undefined;
  readonly by?: Group | undefined;
}

export const usageViewIn = ({ days, by }: Record<string, unknown>): UsageView => ({
  days: DAYS.find((one) => one === String(days)),
  by: GROUPS.find((one) => one === by),
});

const DAY_MS = 86_400_000;

/** The last `days` days in UTC, today among them, as `2026-01-31`, oldest first. */
export function lastDays(days: number, now: number): readonly string[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: days }, (_, n) => new Date(today - (days - 1 - n) * DAY_MS).toISOString().slice(0, 10));
}
