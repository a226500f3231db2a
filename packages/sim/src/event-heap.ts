interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly event: T;
}

/** A binary min-heap of things that happen at an instant; of two at one instant the first pushed comes out first. */
export class EventHeap<T> {
  readonly #heap: Entry<T>[] = [];
  #pushed = 0;

  push(at: number, event: T): void {
    const entry = { at, order: this.#pushed++, event };
    let child = this.#heap.push(entry) - 1;
    for (let parent = (child - 1) >> 1; this.#swapIfBefore(child, parent); parent = (child - 1) >> 1) child = parent;
  }

  /** When the next thing happens; Infinity: never. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  pop(): Entry<T> | undefined {
    const last = this.#heap.pop();
    const first = this.#heap[0];
    if (last === undefined || first === undefined) return last;
    this.#heap[0] = last;
    for (let parent = 0, left = 1; ; left = 2 * parent + 1) {
      const child = this.#before(this.#heap[left + 1], this.#heap[left]) ? left + 1 : left;
      if (!this.#swapIfBefore(child, parent)) return first;
      parent = child;
    }
  }

  #before(a: Entry<T> | undefined, b: Entry<T> | undefined): boolean {
    return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.order < b.order));
  }

  #swapIfBefore(child: number, parent: number): boolean {
    const [below, above] = [this.#heap[child], this.#heap[parent]];
    if (below === undefined || above === undefined || !this.#before(below, above)) return false;
    this.#heap[child] = above;
    this.#heap[parent] = below;
    return true;
  }
}
