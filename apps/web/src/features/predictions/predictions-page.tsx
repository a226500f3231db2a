import type { WirePrediction } from '@hearth/contract';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Sparkles } from 'lucide-react';
import { useCallback, useMemo } from 'react';
import { api } from '../../api/client.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { formatDuration, formatMoney } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { VirtualList } from '../../ui/virtual-list.tsx';
import { costMicros, runMs } from '../playground/run/metrics.ts';
import { FilterBar } from './filter-bar.tsx';
import { askedFor, type Filters } from './filters.ts';

const LOOK_EVERY_MS = 3_000;
const ROW_PX = 45;

export function PredictionsPage() {
  const filters = useSearch({ from: '/app/predictions' });
  const navigate = useNavigate({ from: '/predictions' });
  return (
    <Page title="Predictions" description="Yours, the newest first.">
      <FilterBar filters={filters} onChange={(search) => void navigate({ search, replace: true })} />
      <List filters={filters} />
    </Page>
  );
}

function usePredictions(filters: Filters) {
  return useInfiniteQuery({
    queryKey: ['predictions', filters],
    queryFn: ({ pageParam }) =>
      pageParam === null ? api.predictions.find(askedFor(filters, Date.now())) : api.predictions.list(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    // Comparing thousands of rows with what they were costs more than to show thirty anew.
    structuralSharing: false,
    // Who looks at the beginning sees what comes. Thousands of rows are not fetched again for it.
    refetchInterval: ({ state: { data } }) => (data === undefined || data.pages.length > 1 ? false : LOOK_EVERY_MS),
  });
}

function List({ filters }: { filters: Filters }) {
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = usePredictions(filters);
  const items = useMemo(() => data?.pages.flatMap(({ results }) => results) ?? [], [data]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (error !== null && data === undefined) return <ErrorState error={error} retry={() => void refetch()} />;
  if (data === undefined) return <Loading />;
  if (items.length === 0) return <Nothing filtered={Object.keys(filters).length > 0} />;
  return (
    <div className="rounded-lg border border-line bg-surface">
      <Heads />
      <VirtualList
        label="Predictions"
        items={items}
        itemKey={({ id }) => id}
        estimatePx={ROW_PX}
        render={(prediction) => <Row prediction={prediction} />}
        onNearEnd={more}
      />
      <p className="px-4 py-2.5 text-center text-[13px] text-ink-muted" role="status">
        {isFetchingNextPage ? 'Fetching more…' : hasNextPage ? '' : 'That is all of them.'}
      </p>
    </div>
  );
}

const COLUMNS =
  'grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-4 sm:grid-cols-[minmax(0,2fr)_7.5rem_6rem_6rem_7rem] lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_7.5rem_5rem_6rem_6rem_7rem]';

const Heads = () => (
  <div aria-hidden className={`${COLUMNS} border-b border-line py-2 text-xs font-medium text-ink-muted max-sm:hidden`}>
    <span>Model</span>
    <span className="max-lg:hidden">Id</span>
    <span>Status</span>
    <span className="max-lg:hidden">Source</span>
    <span className="text-right">Ran</span>
    <span className="text-right">Cost</span>
    <span className="text-right">Made</span>
  </div>
);

function Row({ prediction }: { prediction: WirePrediction }) {
  const { id, model, deployment, status, source, created_at: at } = prediction;
  const ran = runMs(prediction);
  const cost = costMicros(prediction);
  return (
    <Link
      to="/predictions/$id"
      params={{ id }}
      className={`${COLUMNS} min-h-11 border-b border-line py-1.5 text-[13px] -outline-offset-2 hover:bg-hover/60`}
    >
      <span className="truncate font-medium">
        {model}
        {deployment !== undefined && <span className="font-normal text-ink-muted"> by {deployment}</span>}
      </span>
      <code className="truncate font-mono text-xs text-ink-muted max-lg:hidden">{id}</code>
      <span className="max-sm:justify-self-end">
        <StatusBadge status={status} />
      </span>
      <span className="text-ink-muted max-lg:hidden">{source}</span>
      <span className="text-right text-ink-muted tabular max-sm:text-left">
        {ran === null ? '' : formatDuration(ran)}
      </span>
      <span className="text-right text-ink-muted tabular max-sm:hidden">{cost === null ? '' : formatMoney(cost)}</span>
      <span className="text-right text-ink-muted">
        <RelativeTime at={at} />
      </span>
    </Link>
  );
}

const Loading = () => (
  <div className="flex flex-col gap-2" role="status" aria-label="Predictions are on their way">
    {['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => (
      <Skeleton key={key} className="h-11" />
    ))}
  </div>
);

const Nothing = ({ filtered }: { filtered: boolean }) =>
  filtered ? (
    <EmptyState icon={<Sparkles aria-hidden />} title="None fits these filters">
      Take one away, or look further back.
    </EmptyState>
  ) : (
    <EmptyState
      icon={<Sparkles aria-hidden />}
      title="No predictions yet"
      action={
        <Link to="/models" className={buttonClass('primary')}>
          Try a model
        </Link>
      }
    >
      What you run here, with the command line or with a client is listed here.
    </EmptyState>
  );
