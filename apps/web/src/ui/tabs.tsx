import { type ReactNode, useEffect, useId, useRef } from 'react';
import { cx } from './class-names.ts';
import { moveFocus } from './roving.ts';

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly name: ReactNode;
}

interface TabsProps<Id extends string> {
  /** What the tabs choose among. */
  readonly label: string;
  readonly tabs: readonly Tab<Id>[];
  readonly selected: Id;
  readonly onSelect: (id: Id) => void;
  /** Of the selected tab. */
  readonly children: ReactNode;
}

/** Tabs over the panel of the selected one. Keep the selected one in the URL, so that it can be shared. */
export function Tabs<Id extends string>({ label, tabs, selected, onSelect, children }: TabsProps<Id>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  // On a phone it may be beyond the edge.
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [selected]);
  return (
    <>
      <div
        ref={list}
        role="tablist"
        aria-label={label}
        onKeyDown={(event) => moveFocus(event, '[role="tab"]')}
        className="mb-5 flex gap-1 overflow-x-auto border-b border-line [scrollbar-width:none]"
      >
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            aria-selected={tab.id === selected}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === selected ? 0 : -1}
            onClick={() => onSelect(tab.id)}
            className={cx(
              '-mb-px border-b-2 px-3 py-2 font-medium whitespace-nowrap -outline-offset-2',
              tab.id === selected
                ? 'border-accent text-ink'
                : 'border-transparent text-ink-muted hover:border-line-strong hover:text-ink',
            )}
          >
            {tab.name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${selected}`}>
        {children}
      </div>
    </>
  );
}

/** A choice among a few that changes what is below, such as Form or JSON: smaller than tabs, and a radio group. */
export function Segments<Id extends string>(
  props: Omit<TabsProps<Id>, 'children' | 'tabs'> & { options: readonly Tab<Id>[] },
) {
  const name = useId();
  return (
    <fieldset className="flex w-fit max-w-full overflow-x-auto rounded-md border border-line bg-sunken p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map((option) => (
        <label
          key={option.id}
          className={cx(
            'cursor-pointer rounded px-2.5 py-1 text-[13px] font-medium whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent',
            option.id === props.selected ? 'bg-raised text-ink shadow-sm' : 'text-ink-muted hover:text-ink',
          )}
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={option.id === props.selected}
            onChange={() => props.onSelect(option.id)}
          />
          {option.name}
        </label>
      ))}
    </fieldset>
  );
}
