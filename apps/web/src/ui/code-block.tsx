import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './class-names.ts';
import { toastFailed } from './toast.tsx';

const SAID_MS = 2_000;

/** Copies a text, and says for a moment that it did. */
export function CopyButton({ text, label = 'Copy', className }: { text: string; label?: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    writeToClipboard(text).then(() => setCopied(true), toastFailed);
  };
  return (
    <IconButton label={copied ? 'Copied' : label} size="sm" onClick={copy} className={className}>
      {copied ? <Check aria-hidden className="text-good" /> : <Copy aria-hidden />}
    </IconButton>
  );
}

/** Over plain HTTP from another machine there is no clipboard API, only the old way. */
async function writeToClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'fixed opacity-0';
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('This browser did not let the page write to the clipboard.');
}

interface CodeBlockProps {
  readonly code: string;
  /** What it is, for who cannot see it. */
  readonly label: string;
  /** Long lines break; for logs. */
  readonly wrap?: boolean;
  /** Tailwind's class for the most it may be high, such as `max-h-96`. */
  readonly className?: string;
}

export const CodeBlock = ({ code, label, wrap = false, className }: CodeBlockProps) => (
  <div className="group relative min-w-0 rounded-lg border border-line bg-sunken">
    <pre
      // A scrolling box has to be reached by keyboard.
      tabIndex={0}
      role="region"
      aria-label={label}
      className={cx(
        'overflow-auto p-3 pr-11 font-mono text-[12.5px] leading-relaxed',
        wrap && 'whitespace-pre-wrap [overflow-wrap:anywhere]',
        className,
      )}
    >
      {code}
    </pre>
    <CopyButton text={code} label={`Copy ${label.toLowerCase()}`} className="absolute top-1.5 right-1.5 bg-sunken" />
  </div>
);
