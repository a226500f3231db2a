import type { BoardInstance } from '@hearth/contract';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { CircuitBoard } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { type Board, useBoard, useBoardPending } from '../../api/board.ts';
import { formatCount } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, Skeleton } from '../../ui/states.tsx';
import { type Tab, Tabs } from '../../ui/tabs.tsx';
import { HostCard } from './host-card.tsx';
import { InstanceList } from './instance-list.tsx';
import { groupedByHost, waitingOf } from './instance-words.ts';
import { LineBadge } from './line-badge.tsx';
import { Timeline } from './timeline.tsx';
import type { FleetView } from './view.ts';
import { WaitingCard } from './waiting-card.tsx';

const VIEWS: readonly Tab<FleetView>[] = [
  { id: 'now', name: 'Now' },
  { id: 'timeline', name: 'Timeline' },
];

export function FleetPage() {
  const { view = 'now' } = useSearch({ from: '/app/fleet' });
  const navigate = useNavigate();
  return (
    <Page
      title="Fleet"
      beside={<LineBadge />}
      description="Every machine, every instance on it, and what waits for room."
      wide
    >
      <Tabs
        label="Fleet"
        tabs={VIEWS}
        selected={view}
        onSelect={(id) => void navigate({ to: '/fleet', search: { view: id }, replace: true })}
      >
        {view === 'now' ? <Now /> : <Timeline />}
      </Tabs>
    </Page>
  );
}

function Now() {
  const pending = useBoardPending();
  if (pending) return <Waiting />;
  return (
    <div className="flex flex-col gap-5">
      <Summary />
      <WhoWaits />
      <Hosts />
      <InstanceList />
    </div>
  );
}

const Waiting = () => (
  <div className="flex flex-col gap-5" aria-busy>
    <Skeleton className="h-[4.5rem]" />
    <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
      <Skeleton className="h-40" />
      <Skeleton className="h-40" />
    </div>
    <Skeleton className="h-64" />
  </div>
);

const instancesOf = (board: Board) => board.instances;
const hostsOf = (board: Board) => board.hosts;
const deploymentsOf = (board: Board) => board.deployments;

function Summary() {
  const instances = useBoard(instancesOf);
  const hosts = useBoard(hostsOf);
  const facts = useMemo(() => {
    const all = [...instances.values()];
    const devices = [...hosts.values()].flatMap((host) => host.devices);
    const held = devices.filter((device) => device.held_mib > 0).length;
    return [
      ['Hosts', formatCount(hosts.size)],
      ['GPUs in use', devices.length === 0 ? 'none' : `${held} of ${devices.length}`],
      ['Booting', formatCount(all.filter(({ state }) => state === 'booting').length)],
      ['Ready', formatCount(all.filter(({ state }) => state === 'ready').length)],
      ['Running predictions', formatCount(all.reduce((sum, one) => sum + one.in_flight, 0))],
    ] as const;
  }, [instances, hosts]);
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line sm:grid-cols-5">
      {facts.map(([name, value]) => (
        <div key={name} className="flex flex-col-reverse bg-surface px-4 py-3 last:max-sm:col-span-2">
          <dt className="text-xs text-ink-muted">{name}</dt>
          <dd className="text-lg font-semibold tabular">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function WhoWaits() {
  const deployments = useBoard(deploymentsOf);
  const waiting = useMemo(() => waitingOf(deployments.values()), [deployments]);
  return waiting.length === 0 ? null : <WaitingCard deployments={waiting} />;
}

function Hosts() {
  const hosts = useBoard(hostsOf);
  const instances = useBoard(instancesOf);
  const last = useRef<ReadonlyMap<string, readonly BoardInstance[]>>(new Map());
  const byHost = useMemo(() => {
    last.current = groupedByHost(instances.values(), last.current);
    return last.current;
  }, [instances]);
  if (hosts.size === 0)
    return (
      <EmptyState icon={<CircuitBoard aria-hidden />} title="No machine yet">
        The scheduler has not said yet what this machine offers. Others are added with <code>hearth hosts add</code>.
      </EmptyState>
    );
  return (
    <section aria-label="Hosts" className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
      {[...hosts.values()].map((host) => (
        <HostCard key={host.id} host={host} instances={byHost.get(host.id) ?? NOBODY} />
      ))}
    </section>
  );
}

const NOBODY: readonly never[] = [];
