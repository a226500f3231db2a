import type { WireAccountShare } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Input } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { formatCount } from '../../ui/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { accountsQuery } from './queries.ts';

export function AccountsTab() {
  const accounts = useQuery(accountsQuery);
  const [changing, setChanging] = useState<WireAccountShare | null>(null);
  const columns: Column<WireAccountShare>[] = [
    { name: 'Account', cell: ({ username }) => <span className="font-medium">{username}</span> },
    { name: 'Weight', align: 'right', cell: ({ weight }) => weight },
    {
      name: 'Limit',
      align: 'right',
      cell: ({ max_in_flight }) => (max_in_flight === null ? 'none' : formatCount(max_in_flight)),
    },
    { name: 'Running', align: 'right', wideOnly: true, cell: ({ in_flight }) => formatCount(in_flight) },
    { name: 'Waiting', align: 'right', wideOnly: true, cell: ({ waiting }) => formatCount(waiting) },
    { name: 'Held', align: 'right', wideOnly: true, cell: ({ held }) => formatCount(held) },
    { name: 'Since', wideOnly: true, cell: ({ created_at }) => <RelativeTime at={created_at} /> },
    {
      name: 'Actions',
      hideName: true,
      align: 'right',
      cell: (account) => (
        <Button size="sm" aria-label={`Change ${account.username}`} onClick={() => setChanging(account)}>
          Change
        </Button>
      ),
    },
  ];
  return (
    <>
      <Card
        title="Accounts"
        description="What share of the fleet each gets where several want it, and how much of it at most. An account is made with its first token."
        flush
      >
        {accounts.isPending && (
          <div className="p-4">
            <Skeleton className="h-24" />
          </div>
        )}
        {accounts.isError && (
          <div className="p-4">
            <ErrorState error={accounts.error} retry={() => void accounts.refetch()} />
          </div>
        )}
        {accounts.isSuccess && (
          <Table label="Accounts" columns={columns} rows={accounts.data} rowKey={({ username }) => username} />
        )}
      </Card>
      {changing !== null && (
        <ChangeShare key={changing.username} account={changing} onClose={() => setChanging(null)} />
      )}
    </>
  );
}

function ChangeShare({ account, onClose }: { account: WireAccountShare; onClose: () => void }) {
  const [weight, setWeight] = useState(String(account.weight));
  const [limit, setLimit] = useState(account.max_in_flight === null ? '' : String(account.max_in_flight));
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: () =>
      api.accounts.update(account.username, {
        weight: Number(weight),
        max_in_flight: limit === '' ? null : Number(limit),
      }),
    onSuccess: async () => {
      onClose();
      toastDone(`${account.username} was changed`);
      await queries.invalidateQueries({ queryKey: accountsQuery.queryKey });
    },
  });
  return (
    <FormDialog
      onClose={onClose}
      title={`Change ${account.username}`}
      verb="Save"
      busy={changing.isPending}
      error={changing.error}
      fields={['weight', 'max_in_flight']}
      onSubmit={() => changing.mutate()}
    >
      <Field
        label="Weight"
        hint="Relative to other accounts: who has 2 gets twice as much as who has 1. From 0.1 to 100."
        required
        error={fieldError(changing.error, 'weight')}
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={0.1}
            max={100}
            step="any"
            required
            value={weight}
            onChange={(event) => setWeight(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Limit"
        hint="Predictions that it may have queued or running at a time. Empty: any number."
        error={fieldError(changing.error, 'max_in_flight')}
      >
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            step={1}
            value={limit}
            onChange={(event) => setLimit(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  );
}
