import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';

interface VirtualListProps<Item> {
  /** What is listed. */
  readonly label: string;
  readonly items: readonly Item[];
  readonly itemKey: (item: Item) => string;
  /** Of one item, as near as can be; each is measured once it is shown. */
  readonly estimatePx: number;
  readonly render: (item: Item) => ReactNode;
  /** Called when the end comes near: fetch more. */
  readonly onNearEnd?: () => void;
}

/** So many items before the end more are asked for. */
const NEAR_END = 30;

/** A list of any length: only what is seen, and a little around it, is in the page. It scrolls with the window. */
export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { items, itemKey, estimatePx, onNearEnd } = props;
  const list = useRef<HTMLDivElement>(null);
  const [offsetPx, setOffsetPx] = useState(0);
  useLayoutEffect(() => {
    if (list.current) setOffsetPx(list.current.getBoundingClientRect().top + window.scrollY);
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimatePx,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : itemKey(item);
    },
    overscan: 10,
    scrollMargin: offsetPx,
  });
  const shown = virtualizer.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (items.length > 0 && last >= items.length - NEAR_END) onNearEnd?.();
  }, [last, items.length, onNearEnd]);
  return (
    <div
      ref={list}
      role="list"
      aria-label={props.label}
      className="relative"
      style={{ height: virtualizer.getTotalSize() }}
    >
      {shown.map(({ index, key, start }) => {
        const item = items[index];
        return (
          item !== undefined && (
            <div
              key={key}
              ref={virtualizer.measureElement}
              data-index={index}
              role="listitem"
              aria-setsize={items.length}
              aria-posinset={index + 1}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start - offsetPx}px)` }}
            >
              {props.render(item)}
            </div>
          )
        );
      })}
    </div>
  );
}
