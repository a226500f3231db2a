import type { WireMetrics } from '@hearth/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { Card } from '../../ui/card.tsx';
import { Chart } from '../../ui/chart.tsx';
import { formatCompact, formatDuration } from '../../ui/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { Segments, type Tab } from '../../ui/tabs.tsx';

type Hours = '1' | '6' | '24' | '168';
const RANGES: readonly Tab<Hours>[] = [
  { id: '1', name: '1 h' },
  { id: '6', name: '6 h' },
  { id: '24', name: '24 h' },
  { id: '168', name: '7 d' },
];
const LOOK_EVERY_MS = 10_000;
const seconds = (value: number): string => formatDuration(value * 1_000);

/** Throughput, errors, latency and queue of a deployment over time. */
export function DeploymentMetrics({ owner, name }: { owner: string; name: string }) {
  const [hours, setHours] = useState<Hours>('1');
  const { data, error, refetch } = useQuery({
    queryKey: ['metrics', owner, name, hours],
    queryFn: () =>
      api.deployments.metrics(owner, name, {
        from: new Date(Date.now() - Number(hours) * 3_600_000).toISOString(),
      }),
    refetchInterval: LOOK_EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title="Over time"
      actions={<Segments label="How far back" options={RANGES} selected={hours} onSelect={setHours} />}
    >
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && data === undefined && <Skeleton className="h-[25rem]" />}
      {data !== undefined && <Charts metrics={data} />}
    </Card>
  );
}

function Charts({ metrics }: { metrics: WireMetrics }) {
  const at = useMemo(() => metrics.results.map((step) => Date.parse(step.at) / 1_000), [metrics]);
  const { ended, run, wait, queue } = useMemo(() => seriesOf(metrics), [metrics]);
  return (
    <div className="grid gap-x-6 gap-y-5 md:grid-cols-2">
      <Chart
        title={`Ended, each ${stepWords(metrics.step_seconds)}`}
        kind="bars"
        whole
        at={at}
        series={ended}
        format={formatCompact}
      />
      <Chart title="Run time" kind="lines" at={at} series={run} format={seconds} />
      <Chart title="Wait before it" kind="lines" at={at} series={wait} format={seconds} />
      <Chart title="Most waiting at once" kind="bars" whole at={at} series={queue} format={formatCompact} />
    </div>
  );
}

const stepWords = (step: number): string =>
  step < 60 ? `${step} s` : step < 3_600 ? `${step / 60} min` : step < 86_400 ? `${step / 3_600} h` : 'day';

/** The failed stand before all: a canvas draws them over the bar that they are a part of. */
const seriesOf = ({ results }: WireMetrics) => ({
  ended: [
    { name: 'all', color: 'good', values: results.map((step) => step.succeeded + step.failed + step.canceled) },
    { name: 'canceled or failed', color: 'ink-faint', values: results.map((step) => step.failed + step.canceled) },
    { name: 'failed', color: 'danger', values: results.map((step) => step.failed) },
  ],
  run: [
    { name: 'half are below', color: 'warm', values: results.map((step) => step.run_seconds?.p50 ?? null) },
    { name: '95 % are below', color: 'busy', values: results.map((step) => step.run_seconds?.p95 ?? null) },
  ],
  wait: [
    { name: 'half are below', color: 'info', values: results.map((step) => step.wait_seconds?.p50 ?? null) },
    { name: '95 % are below', color: 'cold', values: results.map((step) => step.wait_seconds?.p95 ?? null) },
  ],
  queue: [{ name: 'waiting', color: 'booting', values: results.map((step) => step.queue_peak) }],
});
