import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { sessionQuery } from '../../api/session.ts';
import { Page } from '../../ui/page.tsx';
import { Segments, type Tab } from '../../ui/tabs.tsx';
import { Billed } from './billed.tsx';
import { Corrections } from './corrections.tsx';
import { InstanceTime } from './instance-time.tsx';
import { type Days, lastDays, type UsageView } from './view.ts';

const RANGES: readonly Tab<Days>[] = [
  { id: '7', name: '7 days' },
  { id: '30', name: '30 days' },
  { id: '90', name: '90 days' },
];

export function UsagePage() {
  const { days = '30', by = 'model' } = useSearch({ from: '/app/usage' });
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const look = (view: UsageView) => void navigate({ to: '/usage', search: { days, by, ...view }, replace: true });
  const range = useMemo(() => lastDays(Number(days), Date.now()), [days]);
  return (
    <Page
      title="Usage"
      description="Run time is what is billed. What instances did besides is what keeping them warm costs you. Days are in UTC."
      actions={
        <Segments label="How many days" options={RANGES} selected={days} onSelect={(id) => look({ days: id })} />
      }
    >
      <div className="flex flex-col gap-5">
        <Billed days={range} by={by} isOperator={session?.operator ?? false} onGroup={(id) => look({ by: id })} />
        <Corrections />
        <InstanceTime days={range} />
      </div>
    </Page>
  );
}
