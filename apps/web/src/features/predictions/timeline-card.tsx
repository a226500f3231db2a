import type { WirePrediction } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client.ts';
import { Card } from '../../ui/card.tsx';
import { formatDuration } from '../../ui/format.ts';
import { useClock } from '../../ui/now.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { isOver } from '../playground/run/use-prediction.ts';
import { type Span, spansOf } from './timeline.ts';

const LOOK_EVERY_MS = 1_000;

/** Where the time of a prediction went. */
export function TimelineCard({ prediction }: { prediction: WirePrediction }) {
  const over = isOver(prediction);
  const { data, error } = useQuery({
    queryKey: ['timeline', prediction.id, prediction.status],
    queryFn: () => api.predictions.timeline(prediction.id),
    refetchInterval: over ? false : LOOK_EVERY_MS,
    placeholderData: (earlier) => earlier,
  });
  // To the second, while it goes on.
  const now = useClock((at) => (over ? 0 : at));
  return (
    <Card
      title="Timeline"
      description={data?.instance && `On ${data.instance.hardware}, host ${data.instance.host}.`}
      className="max-lg:order-3"
    >
      {error !== null && data === undefined && <ErrorState error={error} compact />}
      {data === undefined && error === null && <Skeleton className="h-24" />}
      {data !== undefined && <Chart spans={spansOf(data.steps, now)} />}
      {data !== undefined && data.lost_attempts > 0 && (
        <p className="mt-3 text-[13px] text-ink-muted">
          Its instance was lost {data.lost_attempts === 1 ? 'once' : `${data.lost_attempts} times`}, and it ran again.
        </p>
      )}
    </Card>
  );
}

const COLOURS: Record<Span['step'], string> = {
  queued: 'bg-cold',
  place: 'bg-booting',
  pull: 'bg-booting',
  create: 'bg-booting',
  start: 'bg-booting',
  setup: 'bg-booting',
  running: 'bg-warm',
};

const Chart = ({ spans }: { spans: readonly Span[] }) => (
  <ol className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1.5 text-[13px]">
    {spans.map((span, at) => (
      // The same step may come twice, and none is ever put between others.
      // oxlint-disable-next-line react/no-array-index-key
      <li key={at} className="contents">
        <span>{span.step}</span>
        <span aria-hidden className="relative h-2.5 rounded-full bg-hover">
          <span
            style={{ left: `${span.start * 100}%`, width: `max(3px, ${span.share * 100}%)` }}
            className={`absolute inset-y-0 max-w-full rounded-full ${COLOURS[span.step]} ${span.open ? 'animate-pulse' : ''}`}
          />
        </span>
        <span className="text-right text-ink-muted tabular">{formatDuration(span.ms)}</span>
      </li>
    ))}
  </ol>
);
