/** What stands for each of some items, as a list in no particular order; a change costs the same however many there are. */
export class RowList<Item, Row> {
  readonly #items: Item[] = [];
  readonly #rows: Row[] = [];
  readonly #places = new Map<Item, number>();

  set(item: Item, row: Row): void {
    const place = this.#places.get(item) ?? this.#items.push(item) - 1;
    this.#places.set(item, place);
    this.#rows[place] = row;
  }

  delete(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const [lastItem, lastRow] = [this.#items.pop(), this.#rows.pop()];
    if (lastItem === item || lastItem === undefined || lastRow === undefined) return;
    this.#items[place] = lastItem;
    this.#rows[place] = lastRow;
    this.#places.set(lastItem, place);
  }

  /** As they are now. */
  rows(): readonly Row[] {
    return this.#rows.slice();
  }
}
