import type { KeyboardEvent } from 'react';

const STEPS: Record<string, (index: number, count: number) => number> = {
  ArrowLeft: (index, count) => (index - 1 + count) % count,
  ArrowUp: (index, count) => (index - 1 + count) % count,
  ArrowRight: (index, count) => (index + 1) % count,
  ArrowDown: (index, count) => (index + 1) % count,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** Where the focus goes in a row of `count` at `index`; null: the key is none for that. */
export const steppedBy = (key: string, index: number, count: number): number | null =>
  count === 0 ? null : (STEPS[key]?.(index, count) ?? null);

/**
 * Arrow keys, Home and End move the focus among the elements of `selector` in the element that listens: one stop for Tab,
 * as the ARIA patterns for tabs and menus have it.
 */
export function moveFocus(event: KeyboardEvent<HTMLElement>, selector: string): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
  const next = steppedBy(
    event.key,
    items.findIndex((item) => item === document.activeElement),
    items.length,
  );
  if (next === null) return;
  event.preventDefault();
  items[next]?.focus();
}
