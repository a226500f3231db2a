import { useMutation } from '@tanstack/react-query';
import { LoaderCircle, Upload } from 'lucide-react';
import { type ClipboardEvent, type DragEvent, useRef, useState } from 'react';
import { cx } from '../../../ui/class-names.ts';
import { ErrorState } from '../../../ui/states.tsx';
import { sendFile } from '../files/uploads.ts';
import type { ControlFieldProps } from './control-field.tsx';

interface DropZoneProps {
  readonly element: ControlFieldProps['element'];
  readonly several?: boolean;
  /** URLs of what was uploaded, in the order it was given. */
  readonly onFiles: (urls: string[]) => void;
  /** A file's address that somebody wrote. */
  readonly onAddress: (url: string) => void;
  readonly compact?: boolean;
}

/** Takes files that are dropped, pasted or chosen, and an address in place of a file. */
export function DropZone({ element, several = false, onFiles, onAddress, compact = false }: DropZoneProps) {
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const sending = useMutation({ mutationFn: (files: File[]) => Promise.all(files.map(sendFile)), onSuccess: onFiles });
  const take = (list: FileList | null) => {
    const files = [...(list ?? [])].slice(0, several ? undefined : 1);
    if (files.length > 0) sending.mutate(files);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length > 0) {
      event.preventDefault();
      take(event.clipboardData.files);
      return;
    }
    const text = event.clipboardData.getData('text').trim();
    if (/^(?:https?:|data:)/i.test(text)) onAddress(text);
  };
  const { id, ...aria } = element;
  return (
    <div className="flex flex-col gap-2">
      <button
        type="button"
        {...aria}
        aria-label={undefined}
        aria-required={undefined}
        aria-invalid={undefined}
        id={id}
        disabled={sending.isPending}
        onClick={() => picker.current?.click()}
        onPaste={paste}
        onDrop={drop}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        className={cx(
          'flex w-full items-center justify-center gap-2.5 rounded-lg border border-dashed px-4 text-[13px] text-ink-muted transition-colors hover:border-accent hover:text-ink',
          compact ? 'py-2.5' : 'py-6',
          over ? 'border-accent bg-accent-soft text-ink' : 'bg-sunken',
          !over && (aria['aria-invalid'] ? 'border-danger' : 'border-line-strong'),
        )}
      >
        {sending.isPending ? (
          <LoaderCircle aria-hidden className="size-4 animate-spin" />
        ) : (
          <Upload aria-hidden className="size-4" />
        )}
        {sending.isPending ? 'Uploading…' : `Drop, paste or choose ${several ? 'files' : 'a file'}`}
      </button>
      <input
        ref={picker}
        type="file"
        hidden
        multiple={several}
        onChange={(event) => {
          take(event.target.files);
          // The same file again is a change too.
          event.target.value = '';
        }}
      />
      {sending.isError && <ErrorState error={sending.error} compact />}
    </div>
  );
}
