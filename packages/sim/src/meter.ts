import type { Host, Instance, Millis } from '@hearth/core';
import { Course, type CourseSpan } from './course.ts';

/** What an instance is worth of the fleet's GPUs: one for each that it holds whole, its part of one that it shares. */
export function gpusOf(instance: Pick<Instance, 'deviceIds' | 'gpuShareMiB'>, host: Host | undefined): number {
  if (instance.gpuShareMiB === 0) return instance.deviceIds.length;
  const device = host?.devices.find(({ id }) => id === instance.deviceIds[0]);
  return device === undefined ? 0 : instance.gpuShareMiB / device.vramMiB;
}

interface Spent {
  /** Time that booted instances held no prediction. */
  readonly idle: number;
  /** Time that they held one or more. */
  readonly busy: number;
  readonly booting: number;
}

/** Milliseconds, summed over instances, and the same weighted by the GPUs of each. */
export interface TimeSpent {
  readonly instanceMs: Spent;
  readonly gpuMs: Spent;
}

interface Watched {
  since: Millis;
  spends: keyof Spent;
  readonly gpus: number;
}

/** Adds up what instances spend their time on. */
export class Meter {
  readonly #watched = new Map<string, Watched>();
  readonly #instanceMs = { idle: 0, busy: 0, booting: 0 };
  readonly #gpuMs = { idle: 0, busy: 0, booting: 0 };
  readonly #course: Course | null;
  #gpus = 0;
  #peakGpus = 0;
  #peakInstances = 0;

  constructor(span: CourseSpan | null) {
    this.#course = span === null ? null : new Course(span);
  }

  get peaks(): { readonly instances: number; readonly gpus: number } {
    return { instances: this.#peakInstances, gpus: this.#peakGpus };
  }

  came(id: string, gpus: number, now: Millis): void {
    this.#watched.set(id, { since: now, spends: 'booting', gpus });
    this.#hold(gpus, now);
    this.#peakInstances = Math.max(this.#peakInstances, this.#watched.size);
  }

  turned({ id, state, inFlight }: Pick<Instance, 'id' | 'state' | 'inFlight'>, now: Millis): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#count(watched, now);
    watched.spends = inFlight > 0 ? 'busy' : state === 'booting' ? 'booting' : 'idle';
  }

  left(id: string, now: Millis): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#count(watched, now);
    this.#watched.delete(id);
    this.#hold(-watched.gpus, now);
  }

  /** What was spent until `now` by those who are still there, too. */
  spent(now: Millis): TimeSpent {
    for (const watched of this.#watched.values()) this.#count(watched, now);
    return { instanceMs: { ...this.#instanceMs }, gpuMs: { ...this.#gpuMs } };
  }

  /** The GPUs held in each part of the span; none without one. */
  course(): readonly number[] {
    return this.#course?.means() ?? [];
  }

  #count(watched: Watched, now: Millis): void {
    this.#instanceMs[watched.spends] += now - watched.since;
    this.#gpuMs[watched.spends] += (now - watched.since) * watched.gpus;
    watched.since = now;
  }

  #hold(gpus: number, now: Millis): void {
    this.#gpus = Math.max(0, this.#gpus + gpus);
    this.#peakGpus = Math.max(this.#peakGpus, this.#gpus);
    this.#course?.set(this.#gpus, now);
  }
}
