import { execFileSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LANGUAGES, snippetOf } from '../src/features/playground/snippets.ts';

const INPUT = {
  prompt: `it's "quoted"\nand $HOME \`goes\` \\on`,
  steps: 20,
  exact: 1e21,
  safe: true,
  images: ['https://a.example/1.png', 'https://a.example/2.png'],
  options: { 'a-b': null, none: [], nothing: {} },
};
const CALL = {
  url: 'https://hearth.example',
  model: 'me/model',
  input: INPUT,
  streams: false,
  secrets: ['key'],
  required: ['prompt'],
};

describe('a call in another language says the same', () => {
  it('in JavaScript', () => {
    const code = snippetOf('node', CALL);
    const literal = /const input = (\{[\s\S]*?\n\});/.exec(code)?.[1];
    expect(JSON.parse(runInNewContext(`JSON.stringify(${literal})`))).toEqual(INPUT);
    expect(code).toContain('baseUrl: "https://hearth.example/v1"');
    expect(code).toContain('replicate.run("me/model", { input })');
  });

  it('in a shell', () => {
    const code = snippetOf('curl', CALL).replace('curl', 'printf "%s\\0"');
    const words = execFileSync('sh', ['-c', code], { encoding: 'utf8' }).split('\0');
    expect(words).toContain('https://hearth.example/v1/predictions');
    expect(JSON.parse(words[words.indexOf('-d') + 1] ?? '')).toEqual({ version: 'me/model', input: INPUT });
  });

  it('in Python', () => {
    const code = snippetOf('python', CALL);
    expect(code).toContain('        "none": [],\n        "nothing": {},\n    },\n})');
    expect(code).toContain('"a-b": None');
    expect(code).toContain('"safe": True');
    expect(code).toContain(`"prompt": ${JSON.stringify(INPUT.prompt)}`);
  });
});

describe('a call', () => {
  it.each(LANGUAGES)('in %s never holds a secret, and says what is missing', (language) => {
    const code = snippetOf(language, { ...CALL, input: { key: 'hunter2' } });
    expect(code).not.toContain('hunter2');
    expect(code).toContain('<key>');
    expect(code).toContain('<prompt>');
  });

  it('of a version that yields text reads it as it comes', () => {
    expect(snippetOf('node', { ...CALL, streams: true })).toContain('for await (const event of replicate.stream(');
    expect(snippetOf('python', { ...CALL, streams: true })).toContain('for event in client.stream(');
  });
});
