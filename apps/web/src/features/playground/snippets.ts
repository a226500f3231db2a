import type { Input } from './form/values.ts';

export const LANGUAGES = ['node', 'python', 'curl'] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Record<Language, string> = { node: 'Node.js', python: 'Python', curl: 'cURL' };

/** A call that somebody could paste. */
export interface Call {
  /** Where the API is, without `/v1`. */
  readonly url: string;
  /** `owner/name`, with the version behind a colon where it is not the newest. */
  readonly model: string;
  readonly input: Input;
  /** Whether the version yields text piece by piece. */
  readonly streams: boolean;
  /** Inputs that are never written out. */
  readonly secrets: readonly string[];
  /** Inputs without which it is refused. */
  readonly required: readonly string[];
}

/** The same call in another language, for the official clients and for curl. What is missing or secret is to be filled in. */
export function snippetOf(language: Language, call: Call): string {
  const left = call.required.filter((name) => !(name in call.input));
  const hidden = call.secrets.filter((name) => name in call.input);
  const toFillIn = Object.fromEntries([...left, ...hidden].map((name) => [name, `<${name}>`]));
  return WRITERS[language]({ ...call, input: { ...call.input, ...toFillIn } });
}

const WRITERS: Record<Language, (call: Call) => string> = {
  node: ({ url, model, input, streams }) =>
    [
      'import Replicate from "replicate";',
      '',
      'const replicate = new Replicate({',
      '  auth: process.env.HEARTH_API_TOKEN,',
      `  baseUrl: ${quoted(`${url}/v1`)},`,
      '});',
      '',
      `const input = ${javascript(input)};`,
      '',
      ...(streams
        ? [
            `for await (const event of replicate.stream(${quoted(model)}, { input })) {`,
            '  process.stdout.write(String(event));',
            '}',
          ]
        : [`const output = await replicate.run(${quoted(model)}, { input });`, 'console.log(output);']),
    ].join('\n'),

  python: ({ url, model, input, streams }) =>
    [
      'import os',
      'import replicate',
      '',
      'client = replicate.Client(',
      '    api_token=os.environ["HEARTH_API_TOKEN"],',
      `    base_url=${quoted(url)},`,
      ')',
      '',
      ...(streams
        ? [`for event in client.stream(${quoted(model)}, input=${python(input, '')}):`, '    print(str(event), end="")']
        : [`output = client.run(${quoted(model)}, input=${python(input, '')})`, 'print(output)']),
    ].join('\n'),

  curl: ({ url, model, input }) =>
    [
      `curl -s ${shell(`${url}/v1/predictions`)} \\`,
      '  -H "Authorization: Bearer $HEARTH_API_TOKEN" \\',
      "  -H 'Content-Type: application/json' \\",
      "  -H 'Prefer: wait' \\",
      `  -d ${shell(JSON.stringify({ version: model, input }, null, 2))}`,
    ].join('\n'),
};

/** A string of JSON is one of JavaScript and of Python. */
const quoted = (text: string): string => JSON.stringify(text);

/** In single quotes a shell changes nothing; a single quote ends them, stands escaped, and opens them again. */
const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** JSON with keys unquoted where JavaScript lets them be. */
function javascript(value: unknown, indent = ''): string {
  return written(value, indent, { key: (key) => (IDENTIFIER.test(key) ? key : quoted(key)), word: JSON.stringify });
}

function python(value: unknown, indent: string): string {
  const word = (leaf: unknown) => {
    if (leaf === null) return 'None';
    if (typeof leaf === 'boolean') return leaf ? 'True' : 'False';
    return JSON.stringify(leaf);
  };
  return written(value, indent, { key: quoted, word, step: '    ' });
}

interface Style {
  readonly key: (key: string) => string;
  /** A value that holds no others. */
  readonly word: (leaf: unknown) => string;
  readonly step?: string;
}

function written(value: unknown, indent: string, style: Style): string {
  const deeper = indent + (style.step ?? '  ');
  const block = (open: string, lines: readonly string[], close: string) =>
    lines.length === 0
      ? open + close
      : `${open}\n${lines.map((line) => `${deeper}${line},\n`).join('')}${indent}${close}`;
  if (Array.isArray(value)) {
    return block(
      '[',
      value.map((item) => written(item, deeper, style)),
      ']',
    );
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${style.key(key)}: ${written(item, deeper, style)}`);
    return block('{', entries, '}');
  }
  return style.word(value);
}
