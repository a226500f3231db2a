import { NEEDS, SCOPES, type Scope, type WireNewToken } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { api } from '../../api/client.ts';
import type { Session } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { fieldError, unplacedError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { ErrorState } from '../../ui/states.tsx';

const DAY_MS = 24 * 3_600_000;

interface NewTokenProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly session: Session;
  /** Whose it is unless an operator says otherwise. */
  readonly username: string;
}

/** Asks what a token is for, makes it and shows it, the one time that it can be seen. */
export function NewToken({ open, onClose, session, username }: NewTokenProps) {
  const [made, setMade] = useState<WireNewToken | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  if (made !== null) {
    return (
      <Dialog
        open={open}
        onClose={close}
        title={`The token ${made.name}`}
        footer={
          <Button variant="primary" onClick={close}>
            I have copied it
          </Button>
        }
      >
        <p className="mb-3">Copy it now: it is shown only this once. Keep it as you keep a password.</p>
        <CodeBlock label="Token" code={made.token} wrap />
      </Dialog>
    );
  }
  return <Ask open={open} onClose={close} session={session} username={username} onMade={setMade} />;
}

function Ask(props: NewTokenProps & { onMade: (token: WireNewToken) => void }) {
  const { open, onClose, session, onMade } = props;
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('run');
  const [member, setMember] = useState('');
  const [days, setDays] = useState('');
  const [operator, setOperator] = useState(false);
  const [username, setUsername] = useState<string | null>(null);
  const formId = useId();
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () =>
      api.tokens.create({
        name,
        scope,
        operator,
        username: username ?? props.username,
        ...(member !== '' && { member }),
        ...(days !== '' && { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }),
      }),
    onSuccess: async (token) => {
      setName('');
      onMade(token);
      await Promise.all(['tokens', 'accounts'].map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  const rest = unplacedError(making.error, ['name', 'username', 'scope', 'member', 'expires_at', 'operator']);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="New token"
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" form={formId} variant="primary" busy={making.isPending}>
            Make the token
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="Name"
          hint="What it is for, such as the program or the machine."
          required
          error={fieldError(making.error, 'name')}
        >
          {(control) => (
            <Input
              {...control}
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Scope" hint={NEEDS[scope].what} error={fieldError(making.error, 'scope')}>
          {(control) => (
            <Select
              {...control}
              value={scope}
              onChange={(event) => setScope(SCOPES.find((each) => each === event.target.value) ?? scope)}
            >
              {SCOPES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label="Member"
          hint="Whose it is, within the account. Empty: yours, and of another account its first owner's."
          error={fieldError(making.error, 'member')}
        >
          {(control) => <Input {...control} value={member} onChange={(event) => setMember(event.target.value)} />}
        </Field>
        <Field label="Days" hint="After them it is over. Empty: never." error={fieldError(making.error, 'expires_at')}>
          {(control) => (
            <Input
              {...control}
              type="number"
              min={1}
              max={3650}
              value={days}
              onChange={(event) => setDays(event.target.value)}
            />
          )}
        </Field>
        {session.operator && (
          <>
            <Field
              label="Account"
              hint="Whose it is. An account that is not there yet is made."
              required
              error={fieldError(making.error, 'username')}
            >
              {(control) => (
                <Input
                  {...control}
                  required
                  value={username ?? props.username}
                  onChange={(event) => setUsername(event.target.value)}
                />
              )}
            </Field>
            <label className="flex items-center gap-2">
              <input type="checkbox" checked={operator} onChange={(event) => setOperator(event.target.checked)} />
              Operator: for the whole installation
            </label>
          </>
        )}
        {rest !== null && <ErrorState error={rest} compact />}
      </form>
    </Dialog>
  );
}
