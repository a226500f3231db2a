import type { WireUsageTotals } from '@hearth/contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ChartColumn, Download } from 'lucide-react';
import { useMemo } from 'react';
import { api } from '../../api/client.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { formatCount, formatDuration, formatMoney } from '../../ui/format.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { Segments, type Tab } from '../../ui/tabs.tsx';
import { StackedDays } from './stacked-days.tsx';
import { costByDay, type GroupSum, groupSums } from './sums.ts';
import type { Group } from './view.ts';

const GROUPS: readonly Tab<Group>[] = [
  { id: 'model', name: 'Model' },
  { id: 'deployment', name: 'Deployment' },
  { id: 'token', name: 'Token' },
  { id: 'account', name: 'Account' },
];
const COLORS = ['bg-warm', 'bg-info', 'bg-good', 'bg-booting'];
const LOOK_EVERY_MS = 15_000;

interface BilledProps {
  readonly days: readonly string[];
  readonly by: Group;
  /** Admins see everybody's. */
  readonly isOperator: boolean;
  readonly onGroup: (by: Group) => void;
}

/** What was billed, by day and by whatever the reader groups it by. */
export function Billed({ days, by, isOperator, onGroup }: BilledProps) {
  const from = `${days[0]}T00:00:00Z`;
  const { data, error, refetch } = useQuery({
    queryKey: ['usage', by, from],
    queryFn: () => api.usage.totals(by, { from, daily: 'true' }),
    refetchInterval: LOOK_EVERY_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title="Billed"
      actions={
        <>
          <Segments
            label="Grouped by"
            options={GROUPS.filter(({ id }) => isOperator || id !== 'account')}
            selected={by}
            onSelect={onGroup}
          />
          <a
            href={`/v1/usage/csv?by=${by}&from=${encodeURIComponent(from)}`}
            download
            className={buttonClass('secondary', 'sm')}
          >
            <Download aria-hidden className="size-4" />
            CSV
          </a>
        </>
      }
    >
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} />}
      {error === null && data === undefined && <Skeleton className="h-96" />}
      {data !== undefined && <Sums totals={data} days={days} />}
    </Card>
  );
}

const COLUMNS: readonly Column<GroupSum>[] = [
  { name: 'Name', cell: ({ name }) => <span className="[overflow-wrap:anywhere]">{name}</span> },
  { name: 'Predictions', align: 'right', cell: ({ predictions }) => formatCount(predictions) },
  { name: 'Run time', align: 'right', wideOnly: true, cell: ({ seconds }) => formatDuration(seconds * 1_000) },
  { name: 'Cost', align: 'right', cell: ({ costMicros }) => formatMoney(costMicros) },
];
const CORRECTED: Column<GroupSum> = {
  name: 'Corrections',
  align: 'right',
  wideOnly: true,
  cell: ({ correctionMicros }) => formatMoney(correctionMicros),
};

function Sums({ totals, days }: { totals: WireUsageTotals; days: readonly string[] }) {
  const sums = useMemo(() => groupSums(totals.results), [totals]);
  const dearest = sums.slice(0, COLORS.length);
  if (sums.length === 0)
    return (
      <EmptyState icon={<ChartColumn aria-hidden />} title="Nothing was billed in this time">
        A prediction is billed once it has run, for the time that it ran.
      </EmptyState>
    );
  const others = sums.length > dearest.length ? [{ name: 'others', className: 'bg-ink-faint' }] : [];
  const parts = [...dearest.map(({ name }, n) => ({ name, className: COLORS[n] ?? '' })), ...others];
  const all = {
    key: 'all',
    name: 'All together',
    predictions: sums.reduce((sum, one) => sum + one.predictions, 0),
    seconds: sums.reduce((sum, one) => sum + one.seconds, 0),
    costMicros: sums.reduce((sum, one) => sum + one.costMicros, 0),
    correctionMicros: sums.reduce((sum, one) => sum + one.correctionMicros, 0),
  };
  const columns = sums.some(({ correctionMicros }) => correctionMicros !== 0) ? [...COLUMNS, CORRECTED] : COLUMNS;
  return (
    <div className="flex flex-col gap-5">
      <StackedDays
        label="Cost by day"
        parts={parts}
        days={costByDay(totals.results, days, dearest)}
        format={formatMoney}
      />
      <div className="-mx-4 -mb-4 border-t border-line">
        <Table label="What was billed" columns={columns} rows={[...sums, all]} rowKey={({ key }) => `key ${key}`} />
      </div>
    </div>
  );
}
