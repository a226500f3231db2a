import {
  type InputSchema,
  isConcatenatedOutput,
  isIteratorOutput,
  isSecretField,
  outputSchemaOf,
  type WireVersion,
} from '@hearth/contract';
import type { Call } from './snippets.ts';

/** What is called, wherever a call is written down. */
export type Subject = Omit<Call, 'input'>;

export function subjectOf(
  model: { owner: string; name: string; latest: string | undefined },
  version: WireVersion,
  schema: InputSchema | null,
  url: string,
): Subject {
  const output = outputSchemaOf(version.openapi_schema);
  const named = `${model.owner}/${model.name}`;
  return {
    url,
    model: version.id === model.latest ? named : `${named}:${version.id}`,
    streams: output !== null && isIteratorOutput(output) && isConcatenatedOutput(output),
    secrets: Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => (isSecretField(field) ? [name] : [])),
    required: schema?.required ?? [],
  };
}
