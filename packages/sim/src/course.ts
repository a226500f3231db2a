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
  #part = 0;
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
    const until = Math.min(now, this.#span.to);
    while (this.#since < until) {
      const isLast = this.#part === this.#span.parts - 1;
      const partEnds = isLast ? this.#span.to : this.#span.from + (this.#part + 1) * this.#partMs();
      const end = Math.min(until, partEnds);
      this.#sums[this.#part] = (this.#sums[this.#part] ?? 0) + this.#value * (end - this.#since);
      this.#since = end;
      if (end === partEnds) this.#part++;
    }
  }
}
