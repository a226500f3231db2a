import { Link2, X } from 'lucide-react';
import { useState } from 'react';
import { IconButton } from '../../../ui/button.tsx';
import { Input } from '../../../ui/field.tsx';
import { FilePreview } from '../files/file-preview.tsx';
import { isFileUrl } from '../files/media.ts';
import type { ControlFieldProps } from './control-field.tsx';
import { DropZone } from './drop-zone.tsx';

/** A file that is uploaded as soon as it is given, or the address of one. */
export function FileControl({ value, onChange, element }: ControlFieldProps<'file'>) {
  const [writing, setWriting] = useState(false);
  const given = isFileUrl(value);
  const written = typeof value === 'string' && !given;
  return (
    <div role="group" aria-labelledby={`${element.id}-name`} className="flex min-w-0 flex-col gap-2">
      {given && (
        <div className="flex items-start justify-between gap-2 rounded-lg border border-line bg-sunken p-2.5">
          <FilePreview url={value} />
          <IconButton label="Remove the file" size="sm" onClick={() => onChange(undefined)}>
            <X aria-hidden />
          </IconButton>
        </div>
      )}
      {!given && <DropZone element={element} onFiles={([url]) => onChange(url)} onAddress={onChange} />}
      {!given && (writing || written) && (
        <Input
          aria-label="Address of a file"
          placeholder="https://…"
          value={written ? value : ''}
          onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value)}
        />
      )}
      {!given && !writing && !written && <AddressButton onClick={() => setWriting(true)} />}
    </div>
  );
}

const AddressButton = ({ onClick }: { onClick: () => void }) => (
  <button
    type="button"
    onClick={onClick}
    className="flex items-center gap-1.5 self-start text-[13px] text-ink-muted hover:text-ink"
  >
    <Link2 aria-hidden className="size-3.5" />
    or give its address
  </button>
);
