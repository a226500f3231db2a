import type { WirePrediction, WireWebhookMessage } from '@hearth/contract';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Send } from 'lucide-react';
import { api } from '../../api/client.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { formatDuration } from '../../ui/format.ts';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { toastFailed } from '../../ui/toast.tsx';
import { isOver } from '../playground/run/use-prediction.ts';

const LOOK_EVERY_MS = 2_000;

/** What its webhook was told, and how that went. */
export function WebhooksCard({ prediction }: { prediction: WirePrediction }) {
  const { data: messages, error } = useQuery({
    queryKey: ['webhooks', prediction.id],
    queryFn: () => api.webhooks.list(prediction.id),
    refetchInterval: ({ state }) =>
      !isOver(prediction) || state.data === undefined || state.data.some((one) => one.state === 'pending')
        ? LOOK_EVERY_MS
        : false,
  });
  return (
    <Card
      title="Webhook"
      description={<span className="[overflow-wrap:anywhere]">{prediction.webhook}</span>}
      flush
      className="max-lg:order-4"
    >
      {error !== null && messages === undefined && <ErrorState error={error} compact />}
      {messages === undefined && error === null && <Skeleton className="m-4 h-16" />}
      {messages?.length === 0 && <p className="p-4 text-ink-muted">It was told nothing yet.</p>}
      <ul>
        {messages?.map((message) => (
          <li key={message.id} className="border-b border-line px-4 py-3 last:border-0">
            <Message prediction={prediction.id} message={message} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

const TONES: Record<WireWebhookMessage['state'], Tone> = { pending: 'caution', delivered: 'good', failed: 'danger' };

function Message({ prediction, message }: { prediction: string; message: WireWebhookMessage }) {
  const queries = useQueryClient();
  const sending = useMutation({
    mutationFn: () => api.webhooks.resend(prediction, message.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks', prediction] }),
    onError: toastFailed,
  });
  return (
    <>
      <div className="flex flex-wrap items-center gap-2.5">
        <code className="font-mono text-[13px]">{message.event}</code>
        <Badge tone={TONES[message.state]}>{message.state}</Badge>
        <span className="text-[13px] text-ink-muted">
          <RelativeTime at={message.created_at} />
        </span>
        <Button
          size="sm"
          busy={sending.isPending}
          disabled={message.state === 'pending'}
          icon={<Send aria-hidden className="size-3.5" />}
          onClick={() => sending.mutate()}
          className="ml-auto"
        >
          Send again
        </Button>
      </div>
      <ol className="mt-1.5 flex flex-col gap-0.5 text-[13px] text-ink-muted tabular">
        {message.tries.map((one) => (
          <li key={one.n} className="[overflow-wrap:anywhere]">
            try {one.n}, <RelativeTime at={one.at} />: {answerWords(one)}
          </li>
        ))}
      </ol>
    </>
  );
}

function answerWords({ status_code: status, error, duration_ms: ms }: WireWebhookMessage['tries'][number]): string {
  const took = ms === null ? '' : ` after ${formatDuration(ms)}`;
  if (status !== null) return `answered ${status}${took}`;
  return error === null ? 'under way' : `${error}${took}`;
}
