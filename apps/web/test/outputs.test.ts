import { describe, expect, it } from 'vitest';
import { fileNameOf, mediaOf, uploadIdOf } from '../src/features/playground/files/media.ts';
import { outputSoFar, shownOf } from '../src/features/playground/output/output-value.ts';
import { NOTHING_STREAMED, withEvent } from '../src/features/playground/run/stream-state.ts';

const URL_OF = (name: string) => `https://hearth.example/v1/outputs/cap/${name}`;
const WORDS = {
  type: 'array',
  items: { type: 'string' },
  'x-cog-array-type': 'iterator',
  'x-cog-array-display': 'concatenate',
} as const;
const ITEMS = { type: 'array', items: { type: 'string' }, 'x-cog-array-type': 'iterator' } as const;

describe('an output is shown as what it is', () => {
  it.each([
    ['nothing', null, null, { kind: 'nothing' }],
    ['an empty list', [], null, { kind: 'nothing' }],
    ['a text', 'hello', null, { kind: 'text', text: 'hello' }],
    ['a number', 0, null, { kind: 'text', text: '0' }],
    ['false', false, null, { kind: 'text', text: 'false' }],
    ['a file', URL_OF('a.png'), null, { kind: 'files', urls: [URL_OF('a.png')] }],
    ['a text with an address in it', `see ${URL_OF('a.png')}`, null, { kind: 'text', text: `see ${URL_OF('a.png')}` }],
    ['files', [URL_OF('a.png'), URL_OF('b.png')], null, { kind: 'files', urls: [URL_OF('a.png'), URL_OF('b.png')] }],
    ['words that read as one text', ['a ', 'b'], WORDS, { kind: 'text', text: 'a b' }],
    [
      'texts each by itself',
      ['a', 'b'],
      ITEMS,
      {
        kind: 'list',
        items: [
          { kind: 'text', text: 'a' },
          { kind: 'text', text: 'b' },
        ],
      },
    ],
    [
      'an object',
      { label: 'cat', score: 0.9 },
      null,
      { kind: 'json', text: '{\n  "label": "cat",\n  "score": 0.9\n}' },
    ],
    [
      'an object with a file',
      { mask: URL_OF('m.png'), score: 1 },
      null,
      {
        kind: 'object',
        entries: [
          ['mask', { kind: 'files', urls: [URL_OF('m.png')] }],
          ['score', { kind: 'text', text: '1' }],
        ],
      },
    ],
  ])('%s', (_what, output, schema, shown) => {
    expect(shownOf(output, schema)).toEqual(shown);
  });
});

describe('the output so far', () => {
  it.each([
    ['nothing yet', [], WORDS, null],
    ['words', ['a ', '1'], WORDS, ['a ', '1']],
    [
      'objects',
      ['{"n":1}'],
      { type: 'array', items: { type: 'object' }, 'x-cog-array-type': 'iterator' } as const,
      [{ n: 1 }],
    ],
    ['one text at the end', ['5'], { type: 'string' } as const, '5'],
    ['one number at the end', ['5'], { type: 'integer' } as const, 5],
    ['a text where a number was promised', ['five'], { type: 'integer' } as const, 'five'],
    ['of a version that says nothing', ['a', 'b'], null, ['a', 'b']],
  ])('%s', (_what, items, schema, output) => {
    expect(outputSoFar(items, schema)).toEqual(output);
  });

  it('is gathered event by event, and goes on where it broke off', () => {
    const events = [
      { event: 'logs', id: '0:3', data: 'hi\n' },
      { event: 'output', id: '1:3', data: 'a ' },
      { event: 'output', id: '2:3', data: 'b' },
      { event: 'done', id: '2:3', data: '{}' },
    ] as const;
    const broken = events.slice(0, 2).reduce(withEvent, NOTHING_STREAMED);
    expect(broken).toEqual({ items: ['a '], logs: 'hi\n', lastEventId: '1:3', done: false });
    expect(events.slice(2).reduce(withEvent, broken)).toEqual({
      items: ['a ', 'b'],
      logs: 'hi\n',
      lastEventId: '2:3',
      done: true,
    });
  });
});

describe('a file', () => {
  it.each([
    [URL_OF('cat.PNG'), 'image', 'cat.PNG'],
    [URL_OF('talk.mp3?x=.png'), 'audio', 'talk.mp3'],
    [URL_OF('clip.webm'), 'video', 'clip.webm'],
    [URL_OF('scene.glb'), 'file', 'scene.glb'],
    [URL_OF('a%20b.txt'), 'file', 'a b.txt'],
    [URL_OF('50%.txt'), 'file', '50%.txt'],
    ['data:image/png;base64,AAAA', 'image', 'inline image/png'],
    ['data:,x', 'file', 'inline data'],
  ])('%s is shown as %s', (url, media, name) => {
    expect([mediaOf(url), fileNameOf(url)]).toEqual([media, name]);
  });

  it('whose type is known is shown by that', () => {
    expect(mediaOf('page', 'image/webp')).toBe('image');
    expect(mediaOf('page.png', 'application/zip')).toBe('file');
  });

  it('that was uploaded here is known by its address', () => {
    expect(uploadIdOf('https://hearth.example/v1/files/01abc')).toBe('01abc');
    expect(uploadIdOf('https://hearth.example/v1/files/stream-01abc.sig')).toBeNull();
    expect(uploadIdOf(URL_OF('a.png'))).toBeNull();
  });
});
