import type { BoardHost, BoardInstance } from '@hearth/contract';
import { useMutation, useQuery } from '@tanstack/react-query';
import { EllipsisVertical, ShieldBan, ShieldCheck, Truck } from 'lucide-react';
import { memo } from 'react';
import { api } from '../../api/client.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Badge } from '../../ui/badge.tsx';
import { IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/class-names.ts';
import { formatMiB } from '../../ui/format.ts';
import { Menu } from '../../ui/menu.tsx';
import { toastDone, toastFailed } from '../../ui/toast.tsx';
import { BARS, type Doing, doingOf, heldOn, SEATS } from './instance-words.ts';

interface HostCardProps {
  readonly host: BoardHost;
  /** Those on it that the reader may see. */
  readonly instances: readonly BoardInstance[];
}

/** A machine, and who sits on which of its GPUs. */
export const HostCard = memo(function HostCard({ host, instances }: HostCardProps) {
  return (
    <article aria-label={`Host ${host.name}`} className="min-w-0 rounded-lg border border-line bg-surface p-4">
      <header className="mb-3 flex items-start justify-between gap-2">
        <div className="min-w-0">
          <h3 className="truncate font-semibold">{host.name}</h3>
          <p className="text-xs text-ink-muted">
            {host.name !== host.id && `${host.id}, `}
            {host.instances} {host.instances === 1 ? 'instance' : 'instances'}
          </p>
        </div>
        <div className="flex items-center gap-1.5">
          <HostBadges host={host} />
          <HostActions host={host} />
        </div>
      </header>
      {host.lost_reason && <p className="mb-3 text-[13px] text-danger">{host.lost_reason}</p>}
      <div className="flex flex-col gap-3">
        {host.devices.map((device) => (
          <DeviceBar key={device.id} device={device} instances={instances} />
        ))}
        <MemoryBar host={host} instances={instances} />
      </div>
    </article>
  );
});

const HostBadges = ({ host: { state, cordoned, draining } }: { host: BoardHost }) => (
  <>
    {draining && <Badge tone="info">draining</Badge>}
    {cordoned && !draining && <Badge tone="caution">cordoned</Badge>}
    {state === 'lost' && <Badge tone="danger">lost</Badge>}
    {state === 'new' && <Badge>new</Badge>}
    {state === 'ready' && !cordoned && !draining && <Badge tone="good">ready</Badge>}
  </>
);

function HostActions({ host: { id, name, cordoned, draining } }: { host: BoardHost }) {
  const { data: session } = useQuery(sessionQuery);
  const changing = useMutation({
    mutationFn: (change: { cordoned?: boolean; draining?: boolean }) => api.hosts.update(id, change),
    onSuccess: (host) => toastDone(`${name} is ${wordOf(host)}`),
    onError: toastFailed,
  });
  if (!may(session, 'operator')) return null;
  return (
    <Menu
      label={`Host ${name}`}
      items={[
        {
          name: cordoned ? 'Uncordon' : 'Cordon',
          icon: cordoned ? <ShieldCheck aria-hidden /> : <ShieldBan aria-hidden />,
          onSelect: () => changing.mutate({ cordoned: !cordoned }),
        },
        {
          name: draining ? 'Stop draining' : 'Drain',
          icon: <Truck aria-hidden />,
          onSelect: () => changing.mutate({ draining: !draining }),
        },
      ]}
      trigger={(button) => (
        <IconButton {...button} label={`What to do with ${name}`} size="sm">
          <EllipsisVertical aria-hidden />
        </IconButton>
      )}
    />
  );
}

const wordOf = ({ cordoned, draining }: { cordoned: boolean; draining: boolean }): string =>
  draining ? 'draining' : cordoned ? 'cordoned' : 'taking instances';

function DeviceBar({
  device,
  instances,
}: {
  device: BoardHost['devices'][number];
  instances: readonly BoardInstance[];
}) {
  const { shown, hiddenMiB, freeMiB } = heldOn(device, instances);
  return (
    <div>
      <p className="mb-1 flex justify-between gap-2 text-xs">
        <span className="truncate">{device.name}</span>
        <span className="whitespace-nowrap text-ink-muted tabular">
          {freeMiB === 0 ? 'none' : formatMiB(freeMiB)} free of {formatMiB(device.vram_mib)}
        </span>
      </p>
      <Seats total={device.vram_mib} hidden={hiddenMiB} seats={shown} tall />
    </div>
  );
}

function MemoryBar({ host, instances }: HostCardProps) {
  const seats = instances.map((instance) => ({ instance, mib: instance.memory_mib }));
  const seen = seats.reduce((sum, { mib }) => sum + mib, 0);
  const hidden = Math.max(0, host.memory_held_mib - seen);
  const total = Math.max(host.memory_mib, host.memory_held_mib, 1);
  return (
    <div>
      <p className="mb-1 flex justify-between gap-2 text-xs">
        <span>Memory</span>
        <span className="whitespace-nowrap text-ink-muted tabular">
          {formatMiB(Math.max(0, host.memory_mib - host.memory_held_mib))} free of {formatMiB(host.memory_mib)}
        </span>
      </p>
      <Seats total={total} hidden={hidden} seats={seats} tall={host.devices.length === 0} />
    </div>
  );
}

interface SeatsProps {
  readonly total: number;
  readonly hidden: number;
  readonly seats: readonly { readonly instance: BoardInstance; readonly mib: number }[];
  /** With names in it, where they have room. */
  readonly tall: boolean;
}

const Seats = ({ total, hidden, seats, tall }: SeatsProps) => (
  <ul className={cx('flex overflow-hidden rounded-md bg-sunken ring-1 ring-line', tall ? 'h-8' : 'h-2')}>
    {seats.map(({ instance, mib }) => (
      <Seat
        key={instance.id}
        deployment={instance.deployment}
        doing={doingOf(instance)}
        mib={mib}
        total={total}
        tall={tall}
      />
    ))}
    {hidden > 0 && (
      <li
        title={`others: ${formatMiB(hidden)}`}
        style={{ width: `${(100 * hidden) / total}%` }}
        className="min-w-0.5 bg-line-strong/50"
      >
        <span className="sr-only">others: {formatMiB(hidden)}</span>
      </li>
    )}
  </ul>
);

interface SeatProps {
  readonly deployment: string | null;
  readonly doing: Doing;
  readonly mib: number;
  readonly total: number;
  readonly tall: boolean;
}

/** Of plain values: whatever else an instance says draws nothing anew. */
const Seat = memo(function Seat({ deployment, doing, mib, total, tall }: SeatProps) {
  const words = `${deployment ?? 'a deleted deployment'}: ${doing}, ${formatMiB(mib)}`;
  return (
    <li
      title={words}
      style={{ width: `${(100 * mib) / total}%` }}
      className={cx(
        'min-w-0.5 overflow-hidden border-r border-surface',
        tall ? `flex items-center border-l-3 px-1.5 ${SEATS[doing]}` : BARS[doing],
        doing === 'booting' && 'animate-pulse',
      )}
    >
      <span className="sr-only">{words}</span>
      {tall && (
        <span aria-hidden className="truncate text-xs font-medium">
          {deployment?.split('/')[1]}
        </span>
      )}
    </li>
  );
});
