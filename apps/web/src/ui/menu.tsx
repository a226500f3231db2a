import { type FocusEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { cx } from './class-names.ts';
import { moveFocus } from './roving.ts';

export interface MenuItem {
  readonly name: string;
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onSelect: () => void;
}

/** What can be done with something, behind one button. `trigger` is that button: spread what it is given on it. */
export function Menu(props: {
  label: string;
  items: readonly MenuItem[];
  trigger: (button: {
    'aria-haspopup': 'menu';
    'aria-expanded': boolean;
    'aria-controls': string;
    onClick: () => void;
  }) => ReactNode;
}) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const whole = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) list.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    whole.current?.querySelector<HTMLElement>('[aria-haspopup="menu"]')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else moveFocus(event, '[role="menuitem"]:not(:disabled)');
  };
  const closeWhenLeft = (event: FocusEvent) => {
    if (!whole.current?.contains(event.relatedTarget)) setOpen(false);
  };
  return (
    <div ref={whole} className="relative" onBlur={closeWhenLeft}>
      {props.trigger({
        'aria-haspopup': 'menu',
        'aria-expanded': open,
        'aria-controls': id,
        onClick: () => setOpen(!open),
      })}
      {open && (
        <div
          ref={list}
          id={id}
          role="menu"
          aria-label={props.label}
          tabIndex={-1}
          onKeyDown={onKeyDown}
          className="absolute right-0 z-40 mt-1 min-w-44 rounded-lg border border-line bg-raised p-1 shadow-raised"
        >
          {props.items.map((item) => (
            <button
              key={item.name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              disabled={item.disabled}
              onClick={() => {
                close();
                item.onSelect();
              }}
              className={cx(
                'flex w-full items-center gap-2 rounded-md px-2.5 py-1.5 text-left whitespace-nowrap disabled:opacity-50 enabled:hover:bg-hover enabled:focus:bg-hover [&_svg]:size-4',
                item.danger && 'text-danger',
              )}
            >
              {item.icon}
              {item.name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
