/** First in, first out, without moving the rest at every take; what was taken may be put back in front. */
export class Fifo<T> {
  readonly #returned: T[] = [];
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#returned.length + this.#items.length - this.#head;
  }

  peek(): T | undefined {
    return this.#returned.at(-1) ?? this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Before all others. */
  putBack(item: T): void {
    this.#returned.push(item);
  }

  take(): T | undefined {
    if (this.#returned.length > 0) return this.#returned.pop();
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
