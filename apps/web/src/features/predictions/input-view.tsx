import { FilePreview } from '../playground/files/file-preview.tsx';
import { isFileUrl } from '../playground/files/media.ts';

/** What a prediction was given. */
export function InputView({ input }: { input: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(input);
  if (entries.length === 0) return <p className="text-ink-muted">No inputs: the model’s defaults.</p>;
  return (
    <dl className="flex min-w-0 flex-col gap-3">
      {entries.map(([name, value]) => (
        <div key={name} className="min-w-0">
          <dt className="mb-0.5 font-mono text-xs text-ink-muted">{name}</dt>
          <dd className="min-w-0">
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { value: unknown }) {
  if (isFileUrl(value)) return <FilePreview url={value} />;
  if (Array.isArray(value) && value.length > 0 && value.every(isFileUrl)) {
    return (
      <ul className="flex flex-col gap-2">
        {value.map((url, at) => (
          // The same file may have been given twice.
          <li key={`${at} ${url}`}>
            <FilePreview url={url} small />
          </li>
        ))}
      </ul>
    );
  }
  if (typeof value === 'object' && value !== null) {
    return <pre className="overflow-x-auto font-mono text-[12.5px]">{JSON.stringify(value, null, 2)}</pre>;
  }
  return <p className="max-h-60 overflow-y-auto whitespace-pre-wrap [overflow-wrap:anywhere]">{String(value)}</p>;
}
