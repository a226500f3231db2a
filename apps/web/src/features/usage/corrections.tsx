import type { WireUsageRecord } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../api/client.ts';
import { Card } from '../../ui/card.tsx';
import { formatDateTime, formatMoney } from '../../ui/format.ts';
import { type Column, Table } from '../../ui/table.tsx';

const COLUMNS: readonly Column<WireUsageRecord>[] = [
  {
    name: 'Prediction',
    cell: ({ prediction }) => (
      <Link to="/predictions/$id" params={{ id: prediction }} className="font-mono text-xs hover:underline">
        {prediction}
      </Link>
    ),
  },
  { name: 'Reason', cell: ({ reason }) => <span className="[overflow-wrap:anywhere]">{reason}</span> },
  { name: 'By', cell: ({ made_by }) => made_by },
  { name: 'Made', cell: ({ at }) => formatDateTime(Date.parse(at)) },
  { name: 'Amount', align: 'right', cell: ({ cost_micros }) => formatMoney(cost_micros) },
];

/** What was added to bills or taken off them afterwards. Most accounts have none, and then there is nothing to see. */
export function Corrections() {
  const { data } = useQuery({ queryKey: ['usage', 'corrections'], queryFn: () => api.usage.corrections() });
  if (data === undefined || data.results.length === 0) return null;
  return (
    <Card
      title="Corrections"
      description="Of the newest predictions that have some. They count on the day they were made."
    >
      <div className="-m-4">
        <Table label="Corrections" columns={COLUMNS} rows={data.results} rowKey={({ id }) => id} stacks />
      </div>
    </Card>
  );
}
