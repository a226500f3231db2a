import type { FieldSchema } from '@hearth/contract';
import { Download, ExternalLink } from 'lucide-react';
import { reachable } from '../../../api/client.ts';
import { buttonClass } from '../../../ui/button.tsx';
import { cx } from '../../../ui/class-names.ts';
import { CodeBlock, CopyButton } from '../../../ui/code-block.tsx';
import { fileNameOf, mediaOf } from '../files/media.ts';
import { type Shown, shownOf } from './output-value.ts';

interface OutputViewProps {
  readonly output: unknown;
  readonly schema: FieldSchema | null;
  /** More of it may come. */
  readonly growing?: boolean;
}

/** What a model gave, each part as what it is. */
export const OutputView = ({ output, schema, growing = false }: OutputViewProps) => (
  <View shown={shownOf(output, schema)} growing={growing} />
);

function View({ shown, growing = false }: { shown: Shown; growing?: boolean }) {
  switch (shown.kind) {
    case 'nothing':
      return <p className="text-ink-muted">{growing ? 'No output yet.' : 'No output.'}</p>;
    case 'text':
      return <Text text={shown.text} growing={growing} />;
    case 'files':
      return <Files urls={shown.urls} />;
    case 'json':
      return <CodeBlock code={shown.text} label="Output" className="max-h-[32rem]" />;
    case 'list':
      return (
        <ol className="flex flex-col gap-2">
          {shown.items.map((item, at) => (
            // Items are only ever added at the end.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={at} className="rounded-lg border border-line px-3 py-2">
              <View shown={item} />
            </li>
          ))}
        </ol>
      );
    case 'object':
      return (
        <dl className="flex flex-col gap-3">
          {shown.entries.map(([name, value]) => (
            <div key={name}>
              <dt className="mb-1 font-mono text-xs text-ink-muted">{name}</dt>
              <dd>
                <View shown={value} />
              </dd>
            </div>
          ))}
        </dl>
      );
  }
}

const Text = ({ text, growing }: { text: string; growing: boolean }) => (
  <div className="relative rounded-lg border border-line bg-sunken">
    <p
      // A scrolling box has to be reached by keyboard.
      tabIndex={0}
      role="region"
      aria-label="Output"
      className="max-h-[32rem] overflow-y-auto p-3.5 pr-11 leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]"
    >
      {text}
      {growing && (
        <span aria-hidden className="ml-0.5 inline-block h-[1.1em] w-1.5 animate-pulse bg-accent align-text-bottom" />
      )}
    </p>
    <CopyButton text={text} label="Copy the output" className="absolute top-1.5 right-1.5 bg-sunken" />
  </div>
);

const Files = ({ urls }: { urls: readonly string[] }) => (
  <ul className={cx('grid gap-3', urls.length > 1 && 'sm:grid-cols-2')}>
    {urls.map((url) => (
      <li key={url} className="min-w-0 overflow-hidden rounded-lg border border-line bg-sunken">
        <File url={url} />
      </li>
    ))}
  </ul>
);

function File({ url }: { url: string }) {
  const src = reachable(url);
  const name = fileNameOf(url);
  return (
    <figure className="flex h-full flex-col">
      <div className="grid flex-1 place-items-center p-2 empty:hidden">
        <Sight src={src} url={url} name={name} />
      </div>
      <figcaption className="flex items-center gap-1 border-t border-line bg-surface py-1 pr-1 pl-3 text-[13px]">
        <span className="min-w-0 flex-1 truncate">{name}</span>
        <a
          href={src}
          target="_blank"
          rel="noreferrer"
          aria-label={`Open ${name}`}
          title="Open"
          className={cx(buttonClass('quiet', 'sm'), 'px-1.5')}
        >
          <ExternalLink aria-hidden className="size-4" />
        </a>
        <a
          href={src}
          download={name}
          aria-label={`Download ${name}`}
          title="Download"
          className={cx(buttonClass('quiet', 'sm'), 'px-1.5')}
        >
          <Download aria-hidden className="size-4" />
        </a>
      </figcaption>
    </figure>
  );
}

function Sight({ src, url, name }: { src: string; url: string; name: string }) {
  switch (mediaOf(url)) {
    case 'image':
      return <img src={src} alt={name} className="max-h-[28rem] max-w-full rounded object-contain" />;
    case 'audio':
      // oxlint-disable-next-line jsx-a11y/media-has-caption -- nobody has written down what a model says
      return <audio controls src={src} className="w-full" />;
    case 'video':
      // oxlint-disable-next-line jsx-a11y/media-has-caption -- nobody has written down what a model says
      return <video controls src={src} className="max-h-[28rem] max-w-full rounded" />;
    default:
      return null;
  }
}
