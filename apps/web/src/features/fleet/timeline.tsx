import type { WireInstanceLife } from '@hearth/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { memo, useState } from 'react';
import { api } from '../../api/client.ts';
import { Card } from '../../ui/card.tsx';
import { cx } from '../../ui/class-names.ts';
import { formatDateTime, formatRelative } from '../../ui/format.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Segments, type Tab } from '../../ui/tabs.tsx';
import { BARS, type Doing, shortId } from './instance-words.ts';
import { barsOf, byDeployment } from './timeline-picture.ts';

type Length = '15' | '60' | '360' | '1440';
const LENGTHS: readonly Tab<Length>[] = [
  { id: '15', name: '15 min' },
  { id: '60', name: '1 h' },
  { id: '360', name: '6 h' },
  { id: '1440', name: '24 h' },
];
const LOOK_EVERY_MS = 5_000;
const LEGEND: readonly Doing[] = ['booting', 'idle', 'busy', 'draining', 'stopping'];

/** What each instance did with its time. `deployment`: of one only. */
export function Timeline({ deployment }: { deployment?: string }) {
  const [minutes, setMinutes] = useState<Length>('60');
  const { data, error, refetch } = useQuery({
    queryKey: ['instance-lives', deployment ?? null, minutes],
    queryFn: () =>
      api.instanceLives({
        from: new Date(Date.now() - Number(minutes) * 60_000).toISOString(),
        ...(deployment !== undefined && { deployment }),
      }),
    refetchInterval: LOOK_EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title="What instances did with their time"
      description={<Legend />}
      actions={<Segments label="How far back" options={LENGTHS} selected={minutes} onSelect={setMinutes} />}
    >
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && data === undefined && <Skeleton className="h-64" />}
      {data !== undefined && data.results.length === 0 && (
        <EmptyState icon={<History aria-hidden />} title="No instance lived in this time">
          Look further back, or run something.
        </EmptyState>
      )}
      {data !== undefined && data.results.length > 0 && (
        <Lanes lives={data.results} from={Date.parse(data.from)} until={Date.parse(data.to)} />
      )}
    </Card>
  );
}

const Legend = () => (
  <ul className="mt-1 flex flex-wrap gap-x-3 gap-y-1 text-xs">
    {LEGEND.map((doing) => (
      <li key={doing} className="inline-flex items-center gap-1.5">
        <span aria-hidden className={cx('size-2.5 rounded-sm', BARS[doing])} />
        {doing}
      </li>
    ))}
  </ul>
);

interface LanesProps {
  readonly lives: readonly WireInstanceLife[];
  readonly from: number;
  readonly until: number;
}

const Lanes = ({ lives, from, until }: LanesProps) => (
  <div className="flex flex-col gap-4">
    {byDeployment(lives).map(([deployment, own]) => (
      <section key={deployment} aria-label={deployment}>
        <h3 className="mb-1 text-[13px] font-medium [overflow-wrap:anywhere]">{deployment}</h3>
        <ul className="flex flex-col gap-1">
          {own.map((life) => (
            <Lane key={life.id} life={life} from={from} until={until} />
          ))}
        </ul>
      </section>
    ))}
    <p className="flex justify-between pl-[4.25rem] text-xs text-ink-muted tabular" title={formatDateTime(from)}>
      <span>{formatRelative(from, until)}</span>
      <span>now</span>
    </p>
  </div>
);

const Lane = memo(function Lane({ life, from, until }: { life: WireInstanceLife; from: number; until: number }) {
  const end = life.ended_at === null ? 'lives' : `${life.state} ${formatDateTime(Date.parse(life.ended_at))}`;
  const words = `${end}. ${life.failure ?? life.reason}`;
  return (
    <li className="flex items-center gap-3">
      <span className="w-14 shrink-0 font-mono text-xs text-ink-muted" title={words}>
        {shortId(life.id)}
      </span>
      <div className="relative h-5 min-w-0 flex-1 overflow-hidden rounded bg-sunken">
        {barsOf(life, from, until).map((bar) => (
          <span
            key={bar.key}
            title={bar.words}
            style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }}
            className={cx('absolute inset-y-0 min-w-px', BARS[bar.what])}
          />
        ))}
        <span className="sr-only">
          {barsOf(life, from, until)
            .map((bar) => bar.words)
            .join(', ')}
        </span>
        {life.state === 'failed' && <span className="sr-only">It failed.</span>}
      </div>
      {life.state === 'failed' && (
        <span className="shrink-0 text-xs text-danger" title={life.failure ?? life.reason}>
          failed
        </span>
      )}
    </li>
  );
});
