import { ApiError, type InputSchema, type InvalidField, outputSchemaOf, type WireVersion } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowUpRight, Play, RotateCcw } from 'lucide-react';
import { useEffect, useEffectEvent, useId, useMemo, useRef, useState } from 'react';
import { api } from '../../api/client.ts';
import { useNeeds } from '../../api/session.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { ErrorState, Skeleton } from '../../ui/states.tsx';
import { useUploads } from './files/uploads.ts';
import { placeIssues } from './form/issues.ts';
import { type FormValues, initialValues, inputOf } from './form/values.ts';
import { InputPanel } from './input-panel.tsx';
import { RunView } from './run/run-view.tsx';
import { predictionKey, usePrediction } from './run/use-prediction.ts';
import type { Subject } from './subject.ts';

export interface PlaygroundProps {
  readonly subject: Subject;
  readonly version: WireVersion;
  readonly schema: InputSchema;
  readonly values: FormValues;
  readonly onChange: (values: FormValues) => void;
  /** The run that is shown; undefined before the first. */
  readonly shown: string | undefined;
  readonly onRun: (prediction: string) => void;
}

const NOTHING: readonly InvalidField[] = [];

/** Try a version: its input on one side, what comes of it on the other. */
export function Playground({ subject, version, schema, values, onChange, shown, onRun }: PlaygroundProps) {
  const formId = useId().replaceAll(':', '');
  const panel = useRef<HTMLDivElement>(null);
  const result = useRef<HTMLDivElement>(null);
  const uploads = useUploads();
  const [isReady, setReady] = useState(false);
  const running = useRun(version.id, schema, (prediction) => {
    onRun(prediction);
    // On a phone it is below the form.
    result.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
  const change = (next: FormValues) => {
    running.forget();
    onChange(next);
  };
  const needed = useNeeds('run');
  const submit = () => {
    if (needed.disabled || uploads > 0 || running.isPending) return;
    panel.current?.querySelector<HTMLFormElement>(`#${formId}`)?.requestSubmit();
  };
  useRunKey(submit);
  return (
    <div ref={panel} className="grid items-start gap-5 lg:grid-cols-2">
      <Card
        title="Input"
        actions={
          <Button
            variant="quiet"
            size="sm"
            icon={<RotateCcw aria-hidden className="size-3.5" />}
            onClick={() => change(initialValues(schema))}
          >
            Reset
          </Button>
        }
      >
        <InputPanel
          subject={subject}
          schema={schema}
          formId={formId}
          values={values}
          onChange={change}
          onSubmit={(tidy) => {
            onChange(tidy);
            running.run(tidy);
          }}
          refused={running.refused}
          onReady={setReady}
        />
        <div className="sticky bottom-12 -mx-4 mt-5 -mb-4 flex flex-col gap-3 rounded-b-lg border-t border-line bg-surface px-4 py-3 lg:bottom-0">
          {running.error !== null && <ErrorState error={running.error} compact />}
          <Button
            variant="primary"
            busy={running.isPending}
            disabled={needed.disabled || !isReady || uploads > 0}
            title={needed.title}
            icon={<Play aria-hidden className="size-4" />}
            onClick={submit}
          >
            {uploads > 0 ? 'Uploading…' : 'Run'}
            <kbd className="ml-1 hidden font-sans text-xs sm:inline">Ctrl ↵</kbd>
          </Button>
        </div>
      </Card>
      <div ref={result} className="min-w-0 scroll-mb-16 lg:sticky lg:top-5 lg:scroll-mb-5">
        <Card title="Output" actions={shown !== undefined && <OpenLink id={shown} />}>
          {shown === undefined ? (
            <p className="py-10 text-center text-ink-muted">What the model gives will be shown here.</p>
          ) : (
            <ShownRun id={shown} version={version} />
          )}
        </Card>
      </div>
    </div>
  );
}

/** Ctrl-Enter, or ⌘-Enter, from anywhere on the page. */
function useRunKey(run: () => void): void {
  const latest = useEffectEvent(run);
  useEffect(() => {
    const runByKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      latest();
    };
    document.addEventListener('keydown', runByKey);
    return () => document.removeEventListener('keydown', runByKey);
  }, []);
}

const OpenLink = ({ id }: { id: string }) => (
  <Link to="/predictions/$id" params={{ id }} className={buttonClass('quiet', 'sm')}>
    Its own page
    <ArrowUpRight aria-hidden className="size-3.5" />
  </Link>
);

function ShownRun({ id, version }: { id: string; version: WireVersion }) {
  const { data: prediction, error, refetch } = usePrediction(id);
  const schema = useMemo(() => outputSchemaOf(version.openapi_schema), [version]);
  if (error !== null && prediction === undefined) return <ErrorState error={error} retry={() => void refetch()} />;
  if (prediction === undefined) return <Skeleton className="h-40" />;
  return <RunView key={id} prediction={prediction} schema={prediction.version === version.id ? schema : null} />;
}

function useRun(version: string, schema: InputSchema, onRun: (prediction: string) => void) {
  const queries = useQueryClient();
  const [forgotten, setForgotten] = useState(true);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (values: FormValues) => api.predictions.create({ version }, { input: { ...inputOf(schema, values) } }),
    onSuccess: (prediction) => {
      queries.setQueryData(predictionKey(prediction.id), prediction);
      void queries.invalidateQueries({ queryKey: ['predictions'] });
      onRun(prediction.id);
    },
  });
  const refused = error instanceof ApiError && !forgotten ? error.invalidFields : NOTHING;
  const placed = useMemo(() => placeIssues(schema, refused), [schema, refused]);
  return {
    run: (values: FormValues) => {
      setForgotten(false);
      mutate(values);
    },
    /** What was refused was about other values. */
    forget: () => setForgotten(true),
    isPending,
    refused,
    /** What no field of the form can say. */
    error: forgotten || (refused.length > 0 && placed.elsewhere.length === 0) ? null : error,
  };
}
