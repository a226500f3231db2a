import type { Millis } from '@hearth/core';

/** Over what time, and in how many equal parts, a course is drawn. */
export interface CourseSpan {
  readonly from: Millis;
  readonly to: Millis;
  readonly parts: number;
}

/** The mean of a number that changes from time to time, in each part of a span. */
export class Course {
  readonly #span: CourseSpan;
  readonly #sums: Float64Array;
  #value = 0;
  #since: Millis;

  constructor(span: CourseSpan) {
    this.#span = span;
    this.#sums = new Float64Array(span.parts);
    this.#since = span.from;
  }

  set(value: number, now: Millis): void {
    this.#passTo(now);
    this.#value = value;
  }

  means(): readonly number[] {
    this.#passTo(this.#span.to);
    const partMs = this.#partMs();
    return [...this.#sums].map((sum) => sum / partMs);
  }

  #partMs(): number {
    return Math.max(1, this.#span.to - this.#span.from) / this.#span.parts;
  }

  #passTo(now: Millis): void {
    const partMs = this.#partMs();
    const until = Math.min(now, this.#span.to);
    while (this.#since < until) {
      const part = Math.min(this.#span.parts - 1, Math.floor((this.#since - this.#span.from) / partMs));
      const partEnds = this.#span.from + (part + 1) * partMs;
      const end = part === this.#span.parts - 1 ? until : Math.min(until, partEnds);
      this.#sums[part] = (this.#sums[part] ?? 0) + this.#value * (end - this.#since);
      // Where rounding makes a part end where it began, time has to go on all the same.
      this.#since = end > this.#since ? end : until;
    }
  }
}
