import type { WireHardware } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { formatMiB, formatMoney, formatPrice } from '../../ui/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { HardwareDialog } from './hardware-dialog.tsx';
import { hardwareQuery } from './queries.ts';

const HOUR_SECONDS = 3_600;

const FACTS: readonly Column<WireHardware>[] = [
  {
    name: 'Hardware',
    cell: ({ name, sku }) => (
      <>
        <span className="font-medium">{name}</span>
        <code className="block font-mono text-xs text-ink-muted">{sku}</code>
      </>
    ),
  },
  { name: 'GPU', wideOnly: true, cell: gpuWords },
  { name: 'CPUs', align: 'right', wideOnly: true, cell: ({ cpus }) => (cpus === 0 ? 'any' : cpus) },
  { name: 'Memory', align: 'right', wideOnly: true, cell: ({ memory_mib }) => formatMiB(memory_mib) },
  { name: 'Fallback', wideOnly: true, cell: ({ fallback }) => fallback.join(', ') || '–' },
  {
    name: 'Price',
    align: 'right',
    cell: ({ price_micros_per_second: micros }) => (
      <span className="whitespace-nowrap">
        {formatPrice(micros)} <span className="text-ink-muted">/ s</span>
        <span className="block text-xs text-ink-muted">{formatMoney(micros * HOUR_SECONDS)} / h</span>
      </span>
    ),
  },
];

function gpuWords({ gpus, gpu_share_mib, gpu_type, vram_mib }: WireHardware): string {
  const type = gpu_type ?? 'any GPU';
  if (gpu_share_mib > 0) return `${formatMiB(gpu_share_mib)} of ${type}`;
  if (gpus === 0) return 'none';
  return `${gpus} × ${type}${vram_mib > 0 ? `, ${formatMiB(vram_mib)}` : ''}`;
}

export function HardwareTab({ mayChange }: { mayChange: boolean }) {
  const hardware = useQuery(hardwareQuery);
  const [editing, setEditing] = useState<WireHardware | 'new' | null>(null);
  const change: Column<WireHardware> = {
    name: 'Actions',
    hideName: true,
    align: 'right',
    cell: (row) => (
      <Button size="sm" aria-label={`Change ${row.name}`} onClick={() => setEditing(row)}>
        Change
      </Button>
    ),
  };
  return (
    <>
      <Card
        title="Hardware and prices"
        description="What deployments can ask for. Only run time is billed; what runs already keeps the price it runs at."
        flush
        actions={
          mayChange && (
            <Button variant="primary" icon={<Plus aria-hidden className="size-4" />} onClick={() => setEditing('new')}>
              New hardware
            </Button>
          )
        }
      >
        {hardware.isPending && (
          <div className="p-4">
            <Skeleton className="h-40" />
          </div>
        )}
        {hardware.isError && (
          <div className="p-4">
            <ErrorState error={hardware.error} retry={() => void hardware.refetch()} />
          </div>
        )}
        {hardware.isSuccess && (
          <Table
            label="Hardware"
            columns={mayChange ? [...FACTS, change] : FACTS}
            rows={hardware.data}
            rowKey={({ sku }) => sku}
          />
        )}
      </Card>
      {editing !== null && (
        <HardwareDialog hardware={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}
