import { PREDICTION_STEPS, type WirePredictionTimeline } from '@hearth/contract';
import type { InstanceRow, PredictionRow } from '@hearth/store';
import { date } from '../wire.ts';

type Step = WirePredictionTimeline['steps'][number];
type Begun = { readonly step: Step['step']; readonly at: number };

/** What of a prediction its timeline is made of. */
type Times = Pick<PredictionRow, 'createdAt' | 'startedAt' | 'completedAt' | 'attempt' | 'lostAttempts'>;
type Booted = Pick<InstanceRow, 'id' | 'hostId' | 'hardwareSku' | 'phases'>;

/**
 * Where the time of a prediction went: in the queue, in the boot of its instance as far as it waited for that, and running.
 * A boot that began before the prediction came is shown from there on. `instance`: what it runs or ran on, or what boots for
 * it; null where there is none.
 */
export function timelineOf(prediction: Times, instance: Booted | null): WirePredictionTimeline {
  const { createdAt, startedAt, completedAt } = prediction;
  const waitedUntil = startedAt ?? completedAt ?? Number.POSITIVE_INFINITY;
  const boot = instance === null ? [] : bootSteps(instance.phases, createdAt, waitedUntil);
  const begun: Begun[] = [
    { step: 'queued' as const, at: createdAt },
    ...boot,
    ...(startedAt === null ? [] : [{ step: 'running' as const, at: Math.max(startedAt, createdAt) }]),
  ];
  const spans = begun.map(({ step, at }, n) => ({ step, from: at, to: begun[n + 1]?.at ?? completedAt }));
  return {
    steps: spans
      .filter(({ from, to }) => to === null || to > from)
      .map(({ step, from, to }) => ({ step, from: date(from), to: to === null ? null : date(to) })),
    attempts: prediction.attempt,
    lost_attempts: prediction.lostAttempts,
    instance: instance && { id: instance.id, host: instance.hostId, hardware: instance.hardwareSku },
  };
}

/** Phases of the boot between two instants; after the boot it is the queue again that a prediction waits in. */
function bootSteps(phases: Booted['phases'], from: number, until: number): Begun[] {
  const readyAt = phases.ready ?? Number.POSITIVE_INFINITY;
  if (readyAt <= from) return [];
  const booting = PREDICTION_STEPS.flatMap((step): Begun[] => {
    const at = step === 'queued' || step === 'running' ? undefined : phases[step];
    return at === undefined || at >= until ? [] : [{ step, at: Math.max(at, from) }];
  });
  return readyAt < until ? [...booting, { step: 'queued', at: readyAt }] : booting;
}
