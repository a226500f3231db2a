import type { FieldSchema, WirePrediction } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Square } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../../api/client.ts';
import { StatusBadge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { CodeBlock } from '../../../ui/code-block.tsx';
import { Segments } from '../../../ui/tabs.tsx';
import { Elapsed } from '../../../ui/time.tsx';
import { toastFailed } from '../../../ui/toast.tsx';
import { outputSoFar } from '../output/output-value.ts';
import { OutputView } from '../output/output-view.tsx';
import { Logs } from './logs.tsx';
import { metricsWords } from './metrics.ts';
import { isOver, predictionKey, useStreamed } from './use-prediction.ts';
import { WaitingView } from './waiting-view.tsx';

interface RunViewProps {
  readonly prediction: WirePrediction;
  /** What its version gives; null where that is not known. */
  readonly schema: FieldSchema | null;
}

/** One prediction, from the queue to its end, as it happens. */
export function RunView({ prediction, schema }: RunViewProps) {
  const streamed = useStreamed(prediction);
  const over = isOver(prediction);
  // The stream is ahead of what was looked at last.
  const begun = prediction.status === 'processing' || streamed.items.length > 0 || streamed.logs !== '';
  const output = over ? prediction.output : (outputSoFar(streamed.items, schema) ?? prediction.output);
  const logs = over || streamed.logs === '' ? prediction.logs : streamed.logs;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2" role="status">
        <StatusBadge status={!over && begun ? 'processing' : prediction.status} />
        <span className="text-[13px] text-ink-muted tabular">
          {over ? metricsWords(prediction) : <Elapsed since={prediction.created_at} />}
        </span>
        {!over && <Cancel id={prediction.id} />}
      </div>
      {!over && !begun && <WaitingView prediction={prediction} />}
      {prediction.error !== null && <Failure error={prediction.error} />}
      {prediction.data_removed ? (
        <p className="text-ink-muted">Its input, output and log were removed; what it cost is kept.</p>
      ) : (
        (over || begun) && prediction.status !== 'failed' && <Output output={output} schema={schema} growing={!over} />
      )}
      <Logs title="Log" text={logs} open={prediction.status === 'failed'} />
    </div>
  );
}

function Output({ output, schema, growing }: { output: unknown; schema: FieldSchema | null; growing: boolean }) {
  const [form, setForm] = useState<'preview' | 'json'>('preview');
  return (
    <div className="flex min-w-0 flex-col gap-2.5">
      <Segments
        label="How the output is shown"
        options={[
          { id: 'preview', name: 'Preview' },
          { id: 'json', name: 'JSON' },
        ]}
        selected={form}
        onSelect={setForm}
      />
      {form === 'preview' ? (
        <OutputView output={output} schema={schema} growing={growing} />
      ) : (
        <CodeBlock code={JSON.stringify(output, null, 2)} label="Output as JSON" className="max-h-[32rem]" />
      )}
    </div>
  );
}

const Failure = ({ error }: { error: string }) => (
  <div role="alert" className="rounded-lg border border-danger/30 bg-danger-soft px-4 py-3">
    <p className="font-medium text-danger">It failed</p>
    <p className="max-h-72 overflow-y-auto font-mono text-[13px] whitespace-pre-wrap [overflow-wrap:anywhere]">
      {error}
    </p>
  </div>
);

function Cancel({ id }: { id: string }) {
  const queries = useQueryClient();
  const canceling = useMutation({
    mutationFn: () => api.predictions.cancel(id),
    onSuccess: (prediction) => queries.setQueryData(predictionKey(id), prediction),
    onError: toastFailed,
  });
  return (
    <Button
      size="sm"
      busy={canceling.isPending}
      icon={<Square aria-hidden className="size-3" />}
      onClick={() => canceling.mutate()}
      className="ml-auto"
    >
      Cancel
    </Button>
  );
}
