import type { WireBudget } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../../api/client.ts';
import type { Session } from '../../api/session.ts';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { toastDone } from '../../ui/toast.tsx';
import {
  BUDGET_WIRE_NAMES,
  type BudgetText,
  budgetOfText,
  NO_BUDGET,
  textOfBudget,
  tokenBudgetOfText,
} from './budget-form.ts';
import { accountsQuery, budgetsQuery, tokensQuery } from './queries.ts';

/** The choice that stands for the account itself. */
const WHOLE = '';

/** Sets a budget: one that is there, or of an account or a token that is chosen. */
export function BudgetDialog({
  session,
  budget,
  onClose,
}: {
  session: Session;
  budget: WireBudget | null;
  onClose: () => void;
}) {
  const [account, setAccount] = useState(budget?.account ?? session.account.username);
  const [token, setToken] = useState<string | null>(budget === null ? null : (budget.token?.id ?? WHOLE));
  const [form, setForm] = useState(budget === null ? NO_BUDGET : textOfBudget(budget));
  const queries = useQueryClient();
  const accounts = useQuery({ ...accountsQuery, enabled: session.operator });
  const tokens = useQuery(tokensQuery(account));
  // The one whose budget it is can be named before the others are known.
  const choices = tokens.data ?? (budget?.token ? [budget.token] : []);
  // Of accounts, only the operator sets them.
  const chosen = token ?? (session.operator ? WHOLE : tokens.data?.[0]?.id);
  const saving = useMutation({
    mutationFn: () =>
      chosen === WHOLE || chosen === undefined
        ? api.budgets.setAccount(account, budgetOfText(form))
        : api.budgets.setToken(chosen, tokenBudgetOfText(form)),
    onSuccess: async () => {
      onClose();
      toastDone('The budget was set');
      await queries.invalidateQueries({ queryKey: budgetsQuery.queryKey });
    },
  });
  const field = (key: keyof BudgetText, label: string, hint: ReactNode, step: number) => (
    <Field label={label} hint={hint} error={fieldError(saving.error, BUDGET_WIRE_NAMES[key])}>
      {(control) => (
        <Input
          {...control}
          type="number"
          min={0}
          step={step}
          value={form[key]}
          onChange={(event) => setForm({ ...form, [key]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <FormDialog
      onClose={onClose}
      title={budget === null ? 'New budget' : 'Change the budget'}
      verb="Save"
      busy={saving.isPending}
      error={saving.error}
      fields={Object.values(BUDGET_WIRE_NAMES)}
      onSubmit={() => saving.mutate()}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <div className="flex flex-col gap-4 sm:col-span-2">
          <Field label="Account">
            {(control) => (
              <Select
                {...control}
                disabled={budget !== null || !session.operator}
                value={account}
                onChange={(event) => {
                  setAccount(event.target.value);
                  setToken(null);
                }}
              >
                {(accounts.data?.map(({ username }) => username) ?? [account]).map((username) => (
                  <option key={username}>{username}</option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Of">
            {(control) => (
              <Select
                {...control}
                disabled={budget !== null}
                value={chosen ?? WHOLE}
                onChange={(event) => setToken(event.target.value)}
              >
                {session.operator && <option value={WHOLE}>the whole account</option>}
                {choices.map(({ id, name, hint }) => (
                  <option key={id} value={id}>{`token ${name} …${hint}`}</option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        {field('day', 'A day', 'In your currency. Empty: no limit.', 0.000001)}
        {field('month', 'A month', 'In your currency. Empty: no limit.', 0.000001)}
        {chosen !== WHOLE && field('maxInFlight', 'In flight', 'Unfinished predictions. Empty: any number.', 1)}
        {field('createsPerMinute', 'Creations a minute', 'Empty: as many as anybody may.', 1)}
      </div>
    </FormDialog>
  );
}
