import type { BoardInstance } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useBoardRow } from '../../api/board.ts';
import { api } from '../../api/client.ts';
import { CopyButton } from '../../ui/code-block.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { shortId } from './instance-words.ts';

const LOOK_EVERY_MS = 1_500;

/** The last lines that an instance printed, kept at their end while it lives. */
export function LogsDialog({ instance: { id }, onClose }: { instance: BoardInstance; onClose: () => void }) {
  const isLive = useBoardRow('instances', id) !== undefined;
  const { data, error, refetch } = useQuery({
    queryKey: ['instance-logs', id],
    queryFn: () => api.instanceLogs(id),
    refetchInterval: isLive ? LOOK_EVERY_MS : false,
  });
  return (
    <Dialog open onClose={onClose} title={`Logs of instance ${shortId(id)}`}>
      {error !== null && data === undefined && <ErrorState error={error} retry={() => void refetch()} compact />}
      {error === null && data === undefined && <Skeleton className="h-72" />}
      {data !== undefined && <Lines text={data} />}
      <p className="mt-2 text-[13px] text-ink-muted">
        {isLive ? 'Looked at again while it lives.' : 'This instance has gone.'}
      </p>
    </Dialog>
  );
}

function Lines({ text }: { text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [text]);
  if (text.trim() === '') return <p className="py-8 text-center text-ink-muted">It has printed nothing yet.</p>;
  return (
    <div className="relative rounded-lg border border-line bg-sunken">
      <pre
        ref={box}
        // A scrolling box has to be reached by keyboard.
        tabIndex={0}
        role="region"
        aria-label="Logs"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollTop + clientHeight >= scrollHeight - 8;
        }}
        className="max-h-96 min-h-40 overflow-auto p-3 pr-11 font-mono text-[12.5px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]"
      >
        {text}
      </pre>
      <CopyButton text={text} label="Copy logs" className="absolute top-1.5 right-1.5 bg-sunken" />
    </div>
  );
}
