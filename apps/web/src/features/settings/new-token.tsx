import { NEEDS, SCOPES, type Scope, type WireNewToken } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Session } from '../../api/session.ts';
import { Button } from '../../ui/button.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { FormDialog, NameField } from '../../ui/form-dialog.tsx';

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

/** As it is filled in. `username`: null until an operator says another than the usual. */
interface TokenText {
  readonly name: string;
  readonly scope: Scope;
  readonly member: string;
  readonly days: string;
  readonly operator: boolean;
  readonly username: string | null;
}

const NEW_TOKEN: TokenText = { name: '', scope: 'run', member: '', days: '', operator: false, username: null };

function Ask(props: NewTokenProps & { onMade: (token: WireNewToken) => void }) {
  const { open, onClose, session, onMade } = props;
  const [text, setText] = useState(NEW_TOKEN);
  const set = (change: Partial<TokenText>) => setText((was) => ({ ...was, ...change }));
  const username = text.username ?? props.username;
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () => {
      const { name, scope, operator, member, days } = text;
      return api.tokens.create({
        name,
        scope,
        operator,
        username,
        ...(member !== '' && { member }),
        ...(days !== '' && { expires_at: new Date(Date.now() + Number(days) * DAY_MS).toISOString() }),
      });
    },
    onSuccess: async (token) => {
      set({ name: '' });
      onMade(token);
      await Promise.all(['tokens', 'accounts'].map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
    },
  });
  return (
    <FormDialog
      open={open}
      onClose={onClose}
      title="New token"
      verb="Make the token"
      busy={making.isPending}
      error={making.error}
      fields={['name', 'username', 'scope', 'member', 'expires_at', 'operator']}
      onSubmit={() => making.mutate()}
    >
      <TokenFields text={text} set={set} error={making.error} />
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
                value={username}
                onChange={({ target }) => set({ username: target.value })}
              />
            )}
          </Field>
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              checked={text.operator}
              onChange={({ target }) => set({ operator: target.checked })}
            />
            Operator: for the whole installation
          </label>
        </>
      )}
    </FormDialog>
  );
}

/** What everybody says of a token. */
function TokenFields({
  text: { name, scope, member, days },
  set,
  error,
}: {
  text: TokenText;
  set: (change: Partial<TokenText>) => void;
  error: unknown;
}) {
  return (
    <>
      <NameField
        hint="What it is for, such as the program or the machine."
        error={error}
        value={name}
        onChange={(value) => set({ name: value })}
      />
      <Field label="Scope" hint={NEEDS[scope].what} error={fieldError(error, 'scope')}>
        {(control) => (
          <Select
            {...control}
            value={scope}
            onChange={({ target }) => set({ scope: SCOPES.find((each) => each === target.value) ?? scope })}
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
        error={fieldError(error, 'member')}
      >
        {(control) => <Input {...control} value={member} onChange={({ target }) => set({ member: target.value })} />}
      </Field>
      <Field label="Days" hint="After them it is over. Empty: never." error={fieldError(error, 'expires_at')}>
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            max={3650}
            value={days}
            onChange={({ target }) => set({ days: target.value })}
          />
        )}
      </Field>
    </>
  );
}
