import { setTimeout as delay } from 'node:timers/promises';
import type { BudgetRow } from '@hearth/store';
import type { ApiDeps } from '../deps.ts';

/** Whoever makes tokens makes budgets: those with the least left are told apart, and no more of them than this. */
const MOST_BUDGETS = 100;
/** A store that is silent must not keep a scrape from all other figures: Prometheus gives it 10 s. */
const ANSWERS_WITHIN_MS = 2_000;
const MICROS = 1_000_000;
const PERIODS = ['day', 'month'] as const;
type Period = (typeof PERIODS)[number];

/** What budgets limit, and what is spent and held of that: read when somebody scrapes, and only then. */
export function installBudgetMetrics({
  metrics,
  store,
  now,
  log,
}: Pick<ApiDeps, 'metrics' | 'store' | 'now' | 'log'>): void {
  let asked: Promise<readonly BudgetRow[]> | null = null;
  const ask = async (): Promise<readonly BudgetRow[]> => {
    try {
      return await store.budgets.fullest(MOST_BUDGETS, now());
    } catch (error) {
      log.warn({ err: error }, 'the figures of budgets are missing: the store did not say them');
      return [];
    } finally {
      asked = null;
    }
  };
  /** The gauges of one scrape share a look, and scrapes of a store that does not answer share it too. */
  const look = (): Promise<readonly BudgetRow[]> => {
    asked ??= ask();
    return Promise.race([asked, delay(ANSWERS_WITHIN_MS, [], { ref: false })]);
  };
  /** One series for each period that a budget limits; all gauges with the same labels, so that they divide by each other. */
  const gauge = (name: string, help: string, microsOf: (budget: BudgetRow, period: Period) => number | null) =>
    metrics.gauge(name, help, ['account', 'token', 'period'], async (into) => {
      const budgets = await look();
      into.reset();
      for (const budget of budgets)
        for (const period of PERIODS) {
          const micros = limitOf(budget, period) === null ? null : microsOf(budget, period);
          const labels = { account: budget.username, token: budget.token?.id ?? '', period };
          if (micros !== null) into.set(labels, micros / MICROS);
        }
    });
  gauge('hearth_budget_limit', "What may be spent in the period, in the operator's currency.", limitOf);
  gauge('hearth_budget_spent', 'What was spent in the period.', (budget, period) =>
    period === 'day' ? budget.daySpentMicros : budget.monthSpentMicros,
  );
  gauge('hearth_budget_held', 'What is held for what has not ended.', ({ heldMicros }) => heldMicros);
}

const limitOf = ({ dayMicros, monthMicros }: BudgetRow, period: Period): number | null =>
  period === 'day' ? dayMicros : monthMicros;
