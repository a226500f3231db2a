import { type ReactNode, useId } from 'react';
import { cx } from './class-names.ts';

interface CardProps {
  readonly title?: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  /** Without room at the sides, for tables and lists. */
  readonly flush?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A part of a page. With a title it is a region that screen readers list. */
export function Card({ title, description, actions, flush = false, className, children }: CardProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={title === undefined ? undefined : id}
      className={cx('min-w-0 rounded-lg border border-line bg-surface', className)}
    >
      {title !== undefined && (
        <header className="flex min-h-13 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-4 py-2.5">
          <div className="min-w-0">
            <h2 id={id} className="font-semibold">
              {title}
            </h2>
            {description && <div className="text-[13px] text-ink-muted">{description}</div>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </header>
      )}
      <div className={flush ? 'overflow-hidden rounded-b-lg' : 'p-4'}>{children}</div>
    </section>
  );
}

/** Names and values, one under the other; beside each other where there is room. */
export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
    {facts.map(([name, value]) => (
      <div key={name} className="contents">
        <dt className="text-ink-muted">{name}</dt>
        <dd className="min-w-0 [overflow-wrap:anywhere] tabular">{value}</dd>
      </div>
    ))}
  </dl>
);
