import { RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { cx } from './class-names.ts';
import { errorWords } from './error-words.ts';

/** In place of a list that has nothing in it: says so, and what to do about it. */
export function EmptyState(props: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 rounded-lg border border-dashed border-line-strong px-6 py-12 text-center">
      {props.icon && <div className="text-ink-faint [&_svg]:size-7">{props.icon}</div>}
      <p className="font-medium">{props.title}</p>
      {props.children && <div className="max-w-md text-ink-muted">{props.children}</div>}
      {props.action && <div className="mt-2">{props.action}</div>}
    </div>
  );
}

export function ErrorState({
  error,
  retry,
  compact = false,
}: {
  error: unknown;
  retry?: () => void;
  compact?: boolean;
}) {
  const { title, detail } = errorWords(error);
  return (
    <div
      role="alert"
      className={cx(
        'flex items-start gap-3 rounded-lg border border-danger/30 bg-danger-soft',
        compact ? 'px-3 py-2' : 'px-4 py-3.5',
      )}
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="min-w-0 flex-1">
        <p className="font-medium text-danger">{title}</p>
        <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{detail}</p>
      </div>
      {retry && (
        <Button size="sm" onClick={retry} icon={<RotateCw aria-hidden className="size-3.5" />}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Where something will stand in a moment. Give it the size of that, so that nothing jumps. */
export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cx('animate-pulse rounded-md bg-hover', className)} />
);
