import { type InputSchema, outputSchemaOf, type WireVersion } from '@hearth/contract';
import { useState } from 'react';
import { Card } from '../../ui/card.tsx';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Segments } from '../../ui/tabs.tsx';
import type { Input } from '../playground/form/values.ts';
import { LANGUAGE_NAMES, LANGUAGES, type Language, snippetOf } from '../playground/snippets.ts';
import type { Subject } from '../playground/subject.ts';
import { InputTable } from './schema-table.tsx';
import { outputWords } from './schema-words.ts';

interface ApiTabProps {
  readonly subject: Subject;
  readonly version: WireVersion;
  readonly schema: InputSchema;
  readonly input: Input;
}

/** How a program runs it, with what stands in the playground. */
export function ApiTab({ subject, version, schema, input }: ApiTabProps) {
  const [language, setLanguage] = useState<Language>('node');
  const output = outputSchemaOf(version.openapi_schema);
  return (
    <div className="flex flex-col gap-5">
      <Card
        title="Run it from a program"
        description={
          <>
            With the input of the playground. Replicate’s own clients work as they are; <Code>HEARTH_API_TOKEN</Code> is
            a token of the settings.
          </>
        }
      >
        <div className="flex flex-col gap-3">
          <Segments
            label="Language"
            options={LANGUAGES.map((id) => ({ id, name: LANGUAGE_NAMES[id] }))}
            selected={language}
            onSelect={setLanguage}
          />
          <CodeBlock
            code={snippetOf(language, { ...subject, input })}
            label={`The call in ${LANGUAGE_NAMES[language]}`}
          />
        </div>
      </Card>
      <Card title="Inputs" flush>
        <InputTable schema={schema} />
      </Card>
      <Card title="Output">
        <p>{outputWords(output)}</p>
        {output?.description !== undefined && <p className="mt-1 text-ink-muted">{output.description}</p>}
      </Card>
      <Card title="Schema" description="The version’s whole OpenAPI document.">
        <CodeBlock
          code={JSON.stringify(version.openapi_schema, null, 2)}
          label="OpenAPI document"
          className="max-h-96"
        />
      </Card>
    </div>
  );
}

const Code = ({ children }: { children: string }) => <code className="font-mono text-[12.5px]">{children}</code>;
