import { type FormEvent, type ReactNode, useId } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { fieldError, unplacedError } from './error-words.ts';
import { Field, Input } from './field.tsx';
import { ErrorState } from './states.tsx';

interface FormDialogProps {
  readonly open?: boolean;
  readonly onClose: () => void;
  readonly title: string;
  /** What sending it does, as a verb: "Save", "Create". */
  readonly verb: string;
  readonly busy: boolean;
  /** There is nothing to send. */
  readonly disabled?: boolean;
  /** Why the last try was refused; null: it was not. */
  readonly error: unknown;
  /** The fields, as the API calls them, that say themselves what is wrong with them. */
  readonly fields: readonly string[];
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}

/** A dialog that is filled in and sent. What no field says of an error is said below them. */
export function FormDialog(props: FormDialogProps) {
  const { open = true, onClose, title, verb, busy, disabled = false, error, fields, onSubmit, children } = props;
  const formId = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  const rest = unplacedError(error, fields);
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} variant="primary" busy={busy} disabled={disabled}>
            {verb}
          </Button>
        </>
      }
    >
      <form id={formId} onSubmit={submit} className="flex flex-col gap-4">
        {children}
        {rest !== null && <ErrorState error={rest} compact />}
      </form>
    </Dialog>
  );
}

interface NameFieldProps {
  readonly hint: string;
  /** Of the request that has the name as its field `name`. */
  readonly error: unknown;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** What a person calls what is being made. */
export const NameField = ({ hint, error, value, onChange }: NameFieldProps) => (
  <Field label="Name" hint={hint} required error={fieldError(error, 'name')}>
    {(control) => (
      <Input {...control} required maxLength={100} value={value} onChange={({ target }) => onChange(target.value)} />
    )}
  </Field>
);
