import type { WireDeploymentDay, WireUsageTotal } from '@hearth/contract';

/** What one of a group used over all days. */
export interface GroupSum {
  readonly key: string;
  readonly name: string;
  readonly predictions: number;
  readonly seconds: number;
  /** With the corrections. */
  readonly costMicros: number;
  readonly correctionMicros: number;
}

/** The dearest first. */
export function groupSums(rows: readonly WireUsageTotal[]): readonly GroupSum[] {
  const groups = Map.groupBy(rows, ({ key }) => key);
  return [...groups]
    .map(([key, days]) => ({
      key,
      name: days[0]?.name ?? key,
      predictions: sumOf(days, (day) => day.predictions),
      seconds: sumOf(days, (day) => day.predict_microseconds) / 1_000_000,
      costMicros: sumOf(days, (day) => day.cost_micros),
      correctionMicros: sumOf(days, (day) => day.correction_micros),
    }))
    .toSorted((a, b) => b.costMicros - a.costMicros || b.seconds - a.seconds || (a.name < b.name ? -1 : 1));
}

/** What the instances of one deployment did over all days, in seconds. */
export interface DeploymentTime {
  readonly deployment: string;
  readonly billed: number;
  readonly busy: number;
  readonly idle: number;
  readonly booting: number;
  readonly leaving: number;
  readonly idleMicros: number;
}

export type Unit = 'gpu' | 'instance';

const secondsIn = (day: WireDeploymentDay, unit: Unit) => (unit === 'gpu' ? day.gpu_seconds : day.instance_seconds);

/** Those that idled longest first. */
export function deploymentTimes(rows: readonly WireDeploymentDay[], unit: Unit): readonly DeploymentTime[] {
  return [...Map.groupBy(rows, ({ deployment }) => deployment ?? 'deleted deployments')]
    .map(([deployment, days]) => ({
      deployment,
      billed: sumOf(days, (day) => (unit === 'gpu' ? day.billed_gpu_seconds : day.billed_seconds)),
      busy: sumOf(days, (day) => secondsIn(day, unit).busy),
      idle: sumOf(days, (day) => secondsIn(day, unit).idle),
      booting: sumOf(days, (day) => secondsIn(day, unit).booting),
      leaving: sumOf(days, (day) => secondsIn(day, unit).leaving),
      idleMicros: sumOf(days, (day) => day.idle_micros),
    }))
    .toSorted((a, b) => b.idle - a.idle || (a.deployment < b.deployment ? -1 : 1));
}

/** Whether there was a GPU in any of it: without one its seconds say nothing. */
export const hasGpus = (rows: readonly WireDeploymentDay[]): boolean =>
  rows.some(({ gpu_seconds: { booting, busy, idle, leaving } }) => booting + busy + idle + leaving > 0);

/** For each day, what its instances did. */
export function timeByDay(rows: readonly WireDeploymentDay[], days: readonly string[], unit: Unit) {
  const byDay = Map.groupBy(rows, ({ day }) => day);
  return days.map((day) => {
    const own = byDay.get(day) ?? [];
    const sum = (what: 'busy' | 'idle' | 'booting' | 'leaving') => sumOf(own, (one) => secondsIn(one, unit)[what]);
    return { day, values: [sum('busy'), sum('idle'), sum('booting'), sum('leaving')] };
  });
}

/** For each day, what the dearest of a group cost, and the rest together. */
export function costByDay(rows: readonly WireUsageTotal[], days: readonly string[], dearest: readonly GroupSum[]) {
  const byDay = Map.groupBy(rows, ({ day }) => day ?? '');
  return days.map((day) => {
    const own = byDay.get(day) ?? [];
    const named = dearest.map(({ key }) =>
      sumOf(
        own.filter((one) => one.key === key),
        (one) => one.cost_micros,
      ),
    );
    const all = sumOf(own, (one) => one.cost_micros);
    return { day, values: [...named, all - named.reduce((sum, one) => sum + one, 0)] };
  });
}

const sumOf = <Row>(rows: readonly Row[], value: (row: Row) => number): number =>
  rows.reduce((sum, row) => sum + value(row), 0);
