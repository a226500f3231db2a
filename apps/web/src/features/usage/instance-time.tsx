import type { WireInstanceUsage } from '@hearth/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Hourglass } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { Card } from '../../ui/card.tsx';
import { formatDuration, formatMoney } from '../../ui/format.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Segments, type Tab } from '../../ui/tabs.tsx';
import { DeploymentLink } from '../deployments/deployment-link.tsx';
import { StackedDays } from './stacked-days.tsx';
import { type DeploymentTime, deploymentTimes, hasGpus, timeByDay, type Unit } from './sums.ts';

const UNITS: readonly Tab<Unit>[] = [
  { id: 'gpu', name: 'GPU time' },
  { id: 'instance', name: 'Instance time' },
];
const PARTS = [
  { name: 'busy', className: 'bg-busy' },
  { name: 'idle', className: 'bg-warm/45' },
  { name: 'booting', className: 'bg-booting' },
  { name: 'leaving', className: 'bg-info' },
];
const LOOK_EVERY_MS = 15_000;
const seconds = (value: number): string => formatDuration(value * 1_000);

/** What instances did with their time beside what was billed of it: what keep-alive costs. */
export function InstanceTime({ days }: { days: readonly string[] }) {
  const [chosen, setChosen] = useState<Unit | null>(null);
  const from = `${days[0]}T00:00:00Z`;
  const { data, error, refetch } = useQuery({
    queryKey: ['instance-usage', from],
    queryFn: () => api.instanceUsage({ from }),
    refetchInterval: LOOK_EVERY_MS,
    placeholderData: keepPreviousData,
  });
  const unit = chosen ?? (hasGpus(data?.results ?? []) ? 'gpu' : 'instance');
  return (
    <Card
      title="What keep-alive costs"
      description="Idle and booting time at the price of its hardware, beside what was billed."
      actions={<Segments label="Counted in" options={UNITS} selected={unit} onSelect={setChosen} />}
    >
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && data === undefined && <Skeleton className="h-80" />}
      {data !== undefined && <Times usage={data} days={days} unit={unit} />}
    </Card>
  );
}

const COLUMNS: readonly Column<DeploymentTime>[] = [
  {
    name: 'Deployment',
    cell: ({ deployment }) =>
      deployment.includes('/') ? <DeploymentLink deployment={deployment} /> : <span>{deployment}</span>,
  },
  { name: 'Billed', align: 'right', cell: ({ billed }) => seconds(billed) },
  { name: 'Busy', align: 'right', wideOnly: true, cell: ({ busy }) => seconds(busy) },
  { name: 'Idle', align: 'right', cell: ({ idle }) => seconds(idle) },
  { name: 'Booting', align: 'right', wideOnly: true, cell: ({ booting }) => seconds(booting) },
  { name: 'Leaving', align: 'right', wideOnly: true, cell: ({ leaving }) => seconds(leaving) },
  { name: 'Idle, priced', align: 'right', cell: ({ idleMicros }) => formatMoney(idleMicros) },
];

function Times({ usage, days, unit }: { usage: WireInstanceUsage; days: readonly string[]; unit: Unit }) {
  const times = useMemo(() => deploymentTimes(usage.results, unit), [usage, unit]);
  if (times.length === 0)
    return (
      <EmptyState icon={<Hourglass aria-hidden />} title="No instance lived in this time">
        What runs is counted from its boot to its end.
      </EmptyState>
    );
  return (
    <div className="flex flex-col gap-5">
      <StackedDays
        label="Time of instances by day"
        parts={PARTS}
        days={timeByDay(usage.results, days, unit)}
        format={seconds}
      />
      <div className="-mx-4 -mb-4 border-t border-line">
        <Table
          label="What instances did with their time"
          columns={COLUMNS}
          rows={times}
          rowKey={({ deployment }) => deployment}
        />
      </div>
    </div>
  );
}
