import { describe, expect, it } from 'vitest';
import { timelineOf } from '../src/predictions/timeline.ts';

const CAME = Date.parse('2026-05-01T12:00:00Z');
const prediction = (times: { startedAt?: number; completedAt?: number }) => ({
  createdAt: CAME,
  startedAt: times.startedAt ?? null,
  completedAt: times.completedAt ?? null,
  attempt: 1,
  lostAttempts: 0,
});
const instance = (phases: NonNullable<Parameters<typeof timelineOf>[1]>['phases']) => ({
  id: 'inst',
  hostId: 'local',
  hardwareSku: 'cpu',
  phases,
});
/** `step seconds..seconds`, counted from the creation. */
const shown = (...of: Parameters<typeof timelineOf>) =>
  timelineOf(...of).steps.map(({ step, from, to }) => {
    const seconds = (at: string | null) => (at === null ? '' : (Date.parse(at) - CAME) / 1_000);
    return `${step} ${seconds(from)}..${seconds(to)}`;
  });

describe('where the time of a prediction went', () => {
  it('from cold: in the queue, in each phase of the boot, and running', () => {
    const boot = instance({
      place: CAME + 1_000,
      pull: CAME + 2_000,
      create: CAME + 5_000,
      setup: CAME + 6_000,
      ready: CAME + 9_000,
    });
    expect(shown(prediction({ startedAt: CAME + 9_000, completedAt: CAME + 12_000 }), boot)).toEqual([
      'queued 0..1',
      'place 1..2',
      'pull 2..5',
      'create 5..6',
      'setup 6..9',
      'running 9..12',
    ]);
  });

  it('on a warm instance: in the queue until it ran', () => {
    const warm = instance({ place: CAME - 60_000, ready: CAME - 50_000 });
    expect(shown(prediction({ startedAt: CAME + 20, completedAt: CAME + 1_020 }), warm)).toEqual([
      'queued 0..0.02',
      'running 0.02..1.02',
    ]);
  });

  it('a boot that had begun before it came counts from there', () => {
    const begun = instance({ place: CAME - 3_000, pull: CAME - 2_000, setup: CAME + 1_000, ready: CAME + 2_000 });
    expect(shown(prediction({ startedAt: CAME + 2_000 }), begun)).toEqual(['pull 0..1', 'setup 1..2', 'running 2..']);
  });

  it('behind others on an instance that booted: the queue again', () => {
    const booted = instance({ place: CAME + 1_000, setup: CAME + 2_000, ready: CAME + 3_000 });
    expect(shown(prediction({ startedAt: CAME + 8_000 }), booted)).toEqual([
      'queued 0..1',
      'place 1..2',
      'setup 2..3',
      'queued 3..8',
      'running 8..',
    ]);
  });

  it('while it waits, the last step is open', () => {
    expect(shown(prediction({}), null)).toEqual(['queued 0..']);
    expect(shown(prediction({}), instance({ place: CAME + 500, pull: CAME + 900 }))).toEqual([
      'queued 0..0.5',
      'place 0.5..0.9',
      'pull 0.9..',
    ]);
  });

  it('canceled in the queue, it never ran', () => {
    expect(shown(prediction({ completedAt: CAME + 4_000 }), null)).toEqual(['queued 0..4']);
  });
});
