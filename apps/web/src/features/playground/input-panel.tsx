import type { InputSchema, InvalidField } from '@hearth/contract';
import { lazy, Suspense, useEffect, useState } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Textarea } from '../../ui/field.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { Segments } from '../../ui/tabs.tsx';
import { type FormValues, inputOf, valuesOf } from './form/values.ts';
import { readInput } from './read-input.ts';
import { LANGUAGE_NAMES, type Language, snippetOf } from './snippets.ts';
import type { Subject } from './subject.ts';

const InputForm = lazy(async () => {
  const { InputForm: Form } = await import('./form/input-form.tsx');
  return { default: Form };
});

type Face = 'form' | 'json' | Language;
const FACES = [
  { id: 'form', name: 'Form' },
  { id: 'json', name: 'JSON' },
  { id: 'node', name: LANGUAGE_NAMES.node },
  { id: 'python', name: LANGUAGE_NAMES.python },
  { id: 'curl', name: LANGUAGE_NAMES.curl },
] as const satisfies readonly { id: Face; name: string }[];

interface InputPanelProps {
  readonly subject: Subject;
  readonly schema: InputSchema;
  readonly formId: string;
  readonly values: FormValues;
  readonly onChange: (values: FormValues) => void;
  readonly onSubmit: (values: FormValues) => void;
  readonly refused: readonly InvalidField[];
  /** Called once the form is there, and with it what checks the input. */
  readonly onReady: (isReady: boolean) => void;
}

/** The input of a run in five forms of the same. */
export function InputPanel(props: InputPanelProps) {
  const { subject, schema, formId, values, onChange, onSubmit, refused, onReady } = props;
  const [face, setFace] = useState<Face>('form');
  const input = inputOf(schema, values);
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <Segments label="How the input is written" options={FACES} selected={face} onSelect={setFace} />
      {/* It stays, so that nothing half-typed is lost and a run from another face is checked as well. */}
      <div hidden={face !== 'form'}>
        <Suspense fallback={<FormSkeleton fields={Object.keys(schema.properties).length} />}>
          <InputForm
            id={formId}
            schema={schema}
            values={values}
            onChange={onChange}
            onSubmit={onSubmit}
            refused={refused}
          />
          <WhenShown onShown={onReady} />
        </Suspense>
      </div>
      {face === 'json' && <JsonFace input={input} onChange={(next) => onChange(valuesOf(schema, next))} />}
      {face !== 'form' && face !== 'json' && (
        <CodeBlock
          code={snippetOf(face, { ...subject, input })}
          label={`The call in ${LANGUAGE_NAMES[face]}`}
          className="max-h-[36rem]"
        />
      )}
    </div>
  );
}

function WhenShown({ onShown }: { onShown: InputPanelProps['onReady'] }) {
  useEffect(() => onShown(true), [onShown]);
  return null;
}

function JsonFace({ input, onChange }: { input: FormValues; onChange: (input: FormValues) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const read = typed === null ? null : readInput(typed);
  const same = read !== null && (!read.ok || JSON.stringify(read.input) === JSON.stringify(input));
  const type = (text: string) => {
    setTyped(text);
    const next = readInput(text);
    if (next.ok) onChange(next.input);
  };
  return (
    <div className="flex flex-col gap-1.5">
      <Textarea
        aria-label="Input as JSON"
        aria-invalid={read?.ok === false || undefined}
        spellCheck={false}
        rows={12}
        value={same && typed !== null ? typed : JSON.stringify(input, null, 2)}
        onChange={(event) => type(event.target.value)}
        className="field-sizing-content max-h-[36rem] font-mono text-[13px]"
      />
      {read?.ok === false && (
        <p role="alert" className="text-[13px] text-danger">
          {read.why}
        </p>
      )}
    </div>
  );
}

export const FormSkeleton = ({ fields }: { fields: number }) => (
  <div className="flex flex-col gap-5" role="status" aria-label="The form is on its way">
    {Array.from({ length: Math.min(fields, 6) }, (_nothing, at) => (
      // oxlint-disable-next-line react/no-array-index-key -- they are all the same
      <div key={at} className="flex flex-col gap-2">
        <Skeleton className="h-4 w-24" />
        <Skeleton className="h-9" />
      </div>
    ))}
  </div>
);
