import { lazy, Suspense } from 'react';
import type { ChartProps } from './chart-canvas.tsx';
import { Skeleton } from './states.tsx';

const ChartCanvas = lazy(() => import('./chart-canvas.tsx'));

/** Lines or bars over time, and the same as a table for who cannot see them. What draws it is loaded with the first one. */
export const Chart = (props: ChartProps) => (
  <figure className="min-w-0">
    <figcaption className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4">
      <span className="text-[13px] font-medium">{props.title}</span>
      <span className="flex flex-wrap gap-x-3 text-xs text-ink-muted">
        {props.series.map(({ name, color }) => (
          <span key={name} className="inline-flex items-center gap-1.5">
            <span aria-hidden className="size-2 rounded-full" style={{ background: `var(--${color})` }} />
            {name}
          </span>
        ))}
      </span>
    </figcaption>
    <Suspense fallback={<Skeleton className="h-40" />}>
      <ChartCanvas {...props} />
    </Suspense>
  </figure>
);
