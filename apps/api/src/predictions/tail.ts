import { isTerminal } from '@hearth/core';
import type { PredictionDelta, PredictionExtent } from '@hearth/queue';
import type { PredictionRow } from '@hearth/store';

/** Deltas kept while what comes before them is read from the store: seconds of them, at the rate of a fast model. */
const MAX_AHEAD = 1_000;

/**
 * What is known of one prediction's output and logs: rows and deltas in, in any order and any number of times, and only
 * ever growing within an attempt. A new attempt begins both anew. A text or an object is an output at the end only.
 */
export class Tail {
  #attempt = 0;
  #outputs: unknown[] = [];
  #logs = '';
  #end: PredictionRow | null = null;
  /** Deltas that begin beyond what is known, in the order they came. */
  #ahead: PredictionDelta[] = [];

  get outputs(): readonly unknown[] {
    return this.#outputs;
  }

  get logs(): string {
    return this.#logs;
  }

  /** The row as it ended; null while it has not. */
  get end(): PredictionRow | null {
    return this.#end;
  }

  /** Something was said that cannot be placed before what came ahead of it is read from the store. */
  get hasGap(): boolean {
    return this.#ahead.length > 0;
  }

  /** Whether the store has something of this that is not known here. */
  lacks({ attempt, outputs, logs }: PredictionExtent): boolean {
    if (this.#end !== null || attempt < this.#attempt) return false;
    return attempt > this.#attempt || outputs > this.#outputs.length || logs > this.#logs.length;
  }

  hearRow(row: PredictionRow): void {
    if (this.#end !== null || row.attempt < this.#attempt) return;
    this.#beginAttempt(row.attempt);
    if (isTerminal(row.status)) {
      this.#end = row;
      this.#outputs = outputsAtEnd(row.output);
      this.#logs = row.logs;
      this.#ahead = [];
      return;
    }
    // A row that was read before the newest delta came has less.
    if (Array.isArray(row.output) && row.output.length > this.#outputs.length) this.#outputs = [...row.output];
    if (row.logs.length > this.#logs.length) this.#logs = row.logs;
    this.#place();
  }

  hearDelta(delta: PredictionDelta): void {
    if (this.#end !== null || delta.attempt < this.#attempt) return;
    this.#beginAttempt(delta.attempt);
    // All of it is in the store by the time that anybody reads it.
    if (this.#ahead.length >= MAX_AHEAD) this.#ahead = [];
    this.#ahead.push(delta);
    this.#place();
  }

  #beginAttempt(attempt: number): void {
    if (attempt === this.#attempt) return;
    this.#attempt = attempt;
    this.#outputs = [];
    this.#logs = '';
    this.#ahead = [];
  }

  #place(): void {
    const fits = ({ outputsFrom, logsFrom }: PredictionDelta) =>
      outputsFrom <= this.#outputs.length && logsFrom <= this.#logs.length;
    let placed = 0;
    for (const delta of this.#ahead) {
      if (!fits(delta)) break;
      for (const output of delta.outputs.slice(this.#outputs.length - delta.outputsFrom)) this.#outputs.push(output);
      this.#logs += delta.logs.slice(this.#logs.length - delta.logsFrom);
      placed++;
    }
    if (placed > 0) this.#ahead = this.#ahead.slice(placed);
  }
}

function outputsAtEnd(output: unknown): unknown[] {
  if (Array.isArray(output)) return output;
  return output === null || output === undefined ? [] : [output];
}
