import type { WireBudget } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, Wallet } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { may, type Session } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { Confirm } from '../../ui/dialog.tsx';
import { formatCount } from '../../ui/format.ts';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { BudgetBar } from './budget-bar.tsx';
import { BudgetDialog } from './budget-dialog.tsx';
import { budgetsQuery } from './queries.ts';

const subjectOf = ({ account, token }: WireBudget): string =>
  token === null ? account : `${account}, token ${token.name} …${token.hint}`;

/** What accounts and tokens may spend, and how far it is used. */
export function BudgetsTab({ session }: { session: Session }) {
  const budgets = useQuery(budgetsQuery);
  const [editing, setEditing] = useState<WireBudget | 'new' | null>(null);
  const [removing, setRemoving] = useState<WireBudget | null>(null);
  const mayChange = ({ token }: WireBudget) => may(session, token === null ? 'operator' : 'admin');
  const columns: Column<WireBudget>[] = [
    { name: 'Of', cell: (budget) => <span className="font-medium">{subjectOf(budget)}</span> },
    { name: 'Today', cell: (budget) => <PeriodBar budget={budget} period="day" /> },
    { name: 'This month', cell: (budget) => <PeriodBar budget={budget} period="month" /> },
    {
      name: 'In flight',
      align: 'right',
      cell: ({ in_flight, max_in_flight }) =>
        max_in_flight === null ? formatCount(in_flight) : `${formatCount(in_flight)} of ${formatCount(max_in_flight)}`,
    },
    {
      name: 'A minute',
      align: 'right',
      cell: ({ creates_per_minute }) => (creates_per_minute === null ? 'default' : formatCount(creates_per_minute)),
    },
    {
      name: 'Actions',
      hideName: true,
      align: 'right',
      cell: (budget) =>
        mayChange(budget) && (
          <span className="flex gap-2 md:justify-end">
            <Button size="sm" aria-label={`Change ${subjectOf(budget)}`} onClick={() => setEditing(budget)}>
              Change
            </Button>
            <Button size="sm" aria-label={`Remove ${subjectOf(budget)}`} onClick={() => setRemoving(budget)}>
              Remove
            </Button>
          </span>
        ),
    },
  ];
  return (
    <>
      <Card
        title="Budgets"
        description="What accounts and tokens may spend in a day and a month, in UTC. What a run may cost is held when it is created; what does not fit is refused."
        flush
        actions={
          may(session, 'admin') && (
            <Button variant="primary" icon={<Plus aria-hidden className="size-4" />} onClick={() => setEditing('new')}>
              New budget
            </Button>
          )
        }
      >
        {budgets.isPending && (
          <div className="p-4">
            <Skeleton className="h-24" />
          </div>
        )}
        {budgets.isError && (
          <div className="p-4">
            <ErrorState error={budgets.error} retry={() => void budgets.refetch()} />
          </div>
        )}
        {budgets.isSuccess && budgets.data.length === 0 && (
          <div className="p-4">
            <EmptyState icon={<Wallet aria-hidden />} title="No budgets">
              Nothing limits what can be spent.
            </EmptyState>
          </div>
        )}
        {budgets.isSuccess && budgets.data.length > 0 && (
          <Table
            label="Budgets"
            columns={columns}
            rows={budgets.data}
            rowKey={({ account, token }) => token?.id ?? account}
            stacks
          />
        )}
      </Card>
      {editing !== null && (
        <BudgetDialog session={session} budget={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
      {removing !== null && <Remove budget={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

const PeriodBar = ({ budget, period }: { budget: WireBudget; period: 'day' | 'month' }) => (
  <BudgetBar
    label={`${period === 'day' ? 'Today' : 'This month'}, ${subjectOf(budget)}`}
    spentMicros={budget[period].spent_micros}
    heldMicros={budget.held_micros}
    limitMicros={budget[period].limit_micros}
  />
);

function Remove({ budget, onClose }: { budget: WireBudget; onClose: () => void }) {
  const queries = useQueryClient();
  const removing = useMutation({
    mutationFn: () =>
      budget.token === null ? api.budgets.removeAccount(budget.account) : api.budgets.removeToken(budget.token.id),
    onSuccess: async () => {
      onClose();
      toastDone('The budget was removed');
      await queries.invalidateQueries({ queryKey: budgetsQuery.queryKey });
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      title="Remove the budget"
      verb="Remove"
      busy={removing.isPending}
      error={removing.error}
      onConfirm={() => removing.mutate()}
    >
      {subjectOf(budget)} may spend without limit then. What is spent stays in the usage.
    </Confirm>
  );
}
