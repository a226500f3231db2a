/** What happened, in order, and a hash of all of it. */
export class Trace {
  readonly #now: () => number;
  readonly #startsAt: number;
  readonly #kept: number;
  readonly #lines: string[] = [];
  #hash = 0x811c9dc5;
  events = 0;

  /** `kept`: how many of the last events can be read. */
  constructor(now: () => number, kept: number) {
    this.#now = now;
    this.#startsAt = now();
    this.#kept = kept;
  }

  readonly note = (who: string, what: string): void => {
    const line = `${String(this.#now() - this.#startsAt).padStart(8)} ms  ${who.padEnd(14)} ${what}`;
    this.events++;
    for (let n = 0; n < line.length; n++) this.#hash = Math.imul(this.#hash ^ line.charCodeAt(n), 0x01000193);
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#kept) this.#lines.splice(0, this.#lines.length - this.#kept);
  };

  get last(): readonly string[] {
    return this.#lines.slice(-this.#kept);
  }

  /** The same where the same happened. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
