import { ChevronRight } from 'lucide-react';
import { useEffect, useRef } from 'react';

/** A log that can be folded. It stays at its end while somebody looks at the end. */
export function Logs({ title, text, open = false }: { title: string; text: string; open?: boolean }) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  if (text === '') return null;
  return (
    <details open={open} className="group rounded-lg border border-line">
      <summary className="flex items-center gap-1.5 rounded-lg px-3 py-2 text-[13px] font-medium select-none hover:bg-hover [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden className="size-4 text-ink-faint transition-transform group-open:rotate-90" />
        {title}
        <span className="ml-auto font-normal text-ink-muted tabular">{lines(text)}</span>
      </summary>
      <pre
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={title}
        onScroll={({ currentTarget: it }) => {
          atEnd.current = it.scrollHeight - it.scrollTop - it.clientHeight < 8;
        }}
        className="max-h-72 overflow-auto border-t border-line bg-sunken px-3 py-2 font-mono text-xs leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {text}
      </pre>
    </details>
  );
}

function lines(text: string): string {
  const count = text.trimEnd().split('\n').length;
  return count === 1 ? '1 line' : `${count} lines`;
}
