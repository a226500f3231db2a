import type { SimulationResult } from '@hearth/sim';
import pc from 'picocolors';
import { renderTable } from '../output.ts';
import { brailleArea } from './braille.ts';
import type { Policy } from './policy.ts';

export interface Outcome {
  readonly policy: Policy;
  readonly result: SimulationResult;
}

const HOUR_MS = 3_600_000;
const HEIGHT = 4;

/** Hours of GPUs; where nothing holds a GPU, of instances. */
const unitOf = (outcomes: readonly Outcome[]): 'GPU' | 'instance' =>
  outcomes.some(({ result }) => result.peakGpus > 0) ? 'GPU' : 'instance';

const hours = (ms: number): number => ms / HOUR_MS;

export interface OutcomeFigures {
  readonly policy: string;
  readonly predictions: number;
  readonly cold_starts: number;
  readonly cold_share: number;
  readonly wait_seconds: { readonly p50: number; readonly p95: number; readonly max: number };
  readonly boots: number;
  readonly hours_of: 'gpu' | 'instance';
  readonly idle_hours: number;
  readonly held_hours: number;
  readonly peak: number;
  /** Held hours at the price that was given; null without one. */
  readonly cost: number | null;
  /** Predictions that nothing in the fleet had started when the trace was over. */
  readonly unfinished: number;
}

export function figuresOf(outcomes: readonly Outcome[], pricePerHour: number | undefined): readonly OutcomeFigures[] {
  const unit = unitOf(outcomes);
  return outcomes.map(({ policy, result }) => {
    const { spent, waits } = result;
    const { idle, busy, booting } = unit === 'GPU' ? spent.gpuMs : spent.instanceMs;
    const predictions = result.finished + result.unfinished;
    const held = hours(idle + busy + booting);
    return {
      policy: policy.name,
      predictions,
      cold_starts: result.coldStarts,
      cold_share: predictions === 0 ? 0 : result.coldStarts / predictions,
      wait_seconds: { p50: waits.p50 / 1_000, p95: waits.p95 / 1_000, max: waits.max / 1_000 },
      boots: result.boots,
      hours_of: unit === 'GPU' ? 'gpu' : 'instance',
      idle_hours: hours(idle),
      held_hours: held,
      peak: unit === 'GPU' ? result.peakGpus : result.peakInstances,
      cost: pricePerHour === undefined ? null : held * pricePerHour,
      unfinished: result.unfinished,
    };
  });
}

export function tableOf(figures: readonly OutcomeFigures[]): string {
  const unit = figures[0]?.hours_of === 'gpu' ? 'GPU-H' : 'INSTANCE-H';
  const isPriced = figures.some(({ cost }) => cost !== null);
  const isShort = figures.some(({ unfinished }) => unfinished > 0);
  const head = ['KEEP-ALIVE', 'COLD', 'WAIT P50', 'P95', 'MAX', 'BOOTS', `IDLE ${unit}`, `HELD ${unit}`, 'PEAK'];
  const rows = figures.map((of) => [
    of.policy,
    `${of.cold_starts} (${(of.cold_share * 100).toFixed(1)}%)`,
    seconds(of.wait_seconds.p50),
    seconds(of.wait_seconds.p95),
    seconds(of.wait_seconds.max),
    String(of.boots),
    of.idle_hours.toFixed(1),
    of.held_hours.toFixed(1),
    of.peak.toFixed(Number.isInteger(of.peak) ? 0 : 1),
    ...(isPriced ? [(of.cost ?? 0).toFixed(2)] : []),
    ...(isShort ? [String(of.unfinished)] : []),
  ]);
  return renderTable([...head, ...(isPriced ? ['COST'] : []), ...(isShort ? ['UNFINISHED'] : [])], rows, '');
}

const seconds = (s: number): string => `${s < 100 ? s.toFixed(1) : s.toFixed(0)} s`;

/** The GPUs held over time, one plot below the other on one scale. Instances on no GPU have none to show. */
export function plotOf(outcomes: readonly Outcome[]): string {
  if (unitOf(outcomes) !== 'GPU') return '';
  const top = topOf(outcomes);
  const span = hours(outcomes[0]?.result.endedAt ?? 0);
  const scale = top.toFixed(top < 10 ? 1 : 0);
  const plots = outcomes.map(({ policy, result }) => {
    const lines = brailleArea(result.course, top, HEIGHT);
    const drawn = lines.map(
      (line, n) => `${pc.dim((n === 0 ? scale : n === HEIGHT - 1 ? '0' : '').padStart(6))} ${line}`,
    );
    return `${policy.name}\n${drawn.join('\n')}`;
  });
  return `GPUs held over ${span.toFixed(span < 10 ? 1 : 0)} h\n\n${plots.join('\n\n')}`;
}

/** The most that any of them held on average in one part of the time. */
export const topOf = (outcomes: readonly Outcome[]): number =>
  outcomes.reduce((most, { result }) => result.course.reduce((a, b) => Math.max(a, b), most), 0);
