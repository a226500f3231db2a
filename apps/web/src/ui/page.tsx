import { type ReactNode, useEffect } from 'react';
import { cx } from './class-names.ts';

interface PageProps {
  readonly title: string;
  /** Above the title, such as a link to the list that this is one of. */
  readonly above?: ReactNode;
  /** Beside the title: a badge, say. */
  readonly beside?: ReactNode;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  /** For boards and tables that use the whole width. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** What every page begins with. It names the window too. */
export function Page({ title, above, beside, description, actions, wide = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Hearth`;
  }, [title]);
  return (
    <div className={cx('mx-auto w-full px-4 pt-5 pb-10 sm:px-6 lg:px-8 lg:pt-7', !wide && 'max-w-[90rem]')}>
      {above && <div className="mb-1.5 text-[13px] text-ink-muted">{above}</div>}
      <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 className="min-w-0 text-xl font-semibold tracking-tight [overflow-wrap:anywhere]">{title}</h1>
            {beside}
          </div>
          {description && <div className="mt-1 max-w-2xl text-ink-muted">{description}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
