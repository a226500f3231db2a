import { X } from 'lucide-react';
import { type MouseEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { Button, IconButton } from './button.tsx';
import { ErrorState } from './states.tsx';

interface DialogProps {
  readonly open: boolean;
  /** Escape, the cross and a click beside it. */
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Its buttons; the one that a person came for last. */
  readonly footer?: ReactNode;
}

const CONTROLS = ':is(input, select, textarea):enabled';

/** A modal dialog. The browser itself keeps the focus inside and gives it back; what is asked first has it first. */
export function Dialog({ open, onClose, title, children, footer }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return dialog.current?.close();
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>(CONTROLS)?.focus();
  }, [open]);
  const closeBeside = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- Escape is the key
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={closeBeside}
      className="m-auto w-[min(34rem,calc(100vw-2rem))] rounded-xl border border-line bg-raised text-ink shadow-raised"
    >
      {open && (
        <div className="flex max-h-[calc(100dvh-4rem)] flex-col">
          <header className="flex items-center justify-between gap-3 px-5 pt-4 pb-1">
            <h2 id={id} className="text-base font-semibold">
              {title}
            </h2>
            <IconButton label="Close" size="sm" onClick={onClose}>
              <X aria-hidden />
            </IconButton>
          </header>
          <div className="overflow-y-auto px-5 py-3">{children}</div>
          {footer && <footer className="flex flex-wrap justify-end gap-2 px-5 pt-1 pb-4">{footer}</footer>}
        </div>
      )}
    </dialog>
  );
}

interface ConfirmProps extends Omit<DialogProps, 'footer'> {
  /** What happens, as a verb: "Revoke", "Drain". */
  readonly verb: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ verb, danger = true, busy, error, onConfirm, children, ...rest }: ConfirmProps) {
  return (
    <Dialog
      {...rest}
      footer={
        <>
          <Button onClick={rest.onClose}>Keep it as it is</Button>
          <Button variant={danger ? 'danger' : 'primary'} busy={busy} onClick={onConfirm}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
      {error !== null && error !== undefined && (
        <div className="mt-3">
          <ErrorState error={error} compact />
        </div>
      )}
    </Dialog>
  );
}
