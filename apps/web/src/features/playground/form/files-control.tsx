import { X } from 'lucide-react';
import { IconButton } from '../../../ui/button.tsx';
import { FilePreview } from '../files/file-preview.tsx';
import type { ControlFieldProps } from './control-field.tsx';
import { DropZone } from './drop-zone.tsx';

/** Any number of files, in the order in which they were given. */
export function FilesControl({ value, onChange, element }: ControlFieldProps<'files'>) {
  const urls = Array.isArray(value) ? value.map(String) : [];
  return (
    <div role="group" aria-labelledby={`${element.id}-name`} className="flex min-w-0 flex-col gap-2">
      {urls.length > 0 && (
        <ol className="flex flex-col gap-1.5">
          {urls.map((url, at) => (
            // The same file may be given twice.
            <li
              key={`${at} ${url}`}
              className="flex items-center justify-between gap-2 rounded-lg border border-line bg-sunken p-2"
            >
              <FilePreview url={url} small />
              <IconButton
                label={`Remove file ${at + 1}`}
                size="sm"
                onClick={() => onChange(urls.filter((_url, other) => other !== at))}
              >
                <X aria-hidden />
              </IconButton>
            </li>
          ))}
        </ol>
      )}
      <DropZone
        element={element}
        several
        compact={urls.length > 0}
        onFiles={(added) => onChange([...urls, ...added])}
        onAddress={(url) => onChange([...urls, url])}
      />
    </div>
  );
}
