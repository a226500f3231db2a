import { describe, expect, it } from 'vitest';
import {
  CogHealth,
  CogReport,
  givesFiles,
  inputSchemaOf,
  isConcatenatedOutput,
  isFileField,
  isIteratorOutput,
  isSecretField,
  outputSchemaOf,
} from '../src/index.ts';

const document = (schemas: Record<string, unknown>) => ({ openapi: '3.0.2', components: { schemas } });

describe('inputs of a model', () => {
  const openapi = document({
    mode: { title: 'mode', description: 'An enumeration.', enum: ['ok', 'fail'], type: 'string' },
    Input: {
      title: 'Input',
      required: ['text'],
      type: 'object',
      properties: {
        mode: { allOf: [{ $ref: '#/components/schemas/mode' }], default: 'ok', description: 'How', 'x-order': 2 },
        bare: { $ref: '#/components/schemas/mode', 'x-order': 3 },
        seed: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }], 'x-order': 1 },
        text: { title: 'Text', type: 'string', 'x-order': 0 },
        images: { type: 'array', items: { type: 'string', format: 'uri' }, 'x-order': 4 },
        lost: { $ref: '#/components/schemas/nowhere', 'x-order': 5 },
      },
    },
  });
  const input = inputSchemaOf(openapi);

  it('come in x-order', () => {
    expect(Object.keys(input?.properties ?? {})).toEqual(['text', 'seed', 'mode', 'bare', 'images', 'lost']);
    expect(input?.required).toEqual(['text']);
  });

  it('have their choices in place, and keep their own description', () => {
    expect(input?.properties.mode).toEqual({
      title: 'mode',
      description: 'How',
      enum: ['ok', 'fail'],
      type: 'string',
      default: 'ok',
      'x-order': 2,
    });
    expect(input?.properties.bare?.enum).toEqual(['ok', 'fail']);
  });

  it('are nullable where one option is null', () => {
    expect(input?.properties.seed).toEqual({ type: 'integer', minimum: 0, nullable: true, 'x-order': 1 });
  });

  it('take any value where a reference leads nowhere', () => {
    expect(input?.properties.lost).toEqual({ 'x-order': 5 });
  });

  it('survive a schema that contains itself', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#/components/schemas/Tree' } } };
    const looped = inputSchemaOf(
      document({ Tree: tree, Input: { properties: { tree: { $ref: '#/components/schemas/Tree' } } } }),
    );
    expect(looped?.properties.tree).toEqual({ type: 'object', properties: { child: {} } });
  });

  it('are null where the document declares none', () => {
    expect(inputSchemaOf(document({}))).toBeNull();
    expect(inputSchemaOf('no document')).toBeNull();
  });
});

describe('kinds of fields', () => {
  it('a file is a string with the format uri', () => {
    expect(isFileField({ type: 'string', format: 'uri' })).toBe(true);
    expect(isFileField({ type: 'string' })).toBe(false);
  });

  it('a secret is marked by its key, or by the format alone as old versions do', () => {
    expect(isSecretField({ type: 'string', 'x-cog-secret': true })).toBe(true);
    expect(isSecretField({ type: 'string', format: 'password' })).toBe(true);
    expect(isSecretField({ type: 'string', format: 'uri' })).toBe(false);
  });

  it('an output says whether it streams, and whether its pieces read as one text', () => {
    const output = outputSchemaOf(
      document({
        Output: {
          type: 'array',
          items: { type: 'string' },
          'x-cog-array-type': 'iterator',
          'x-cog-array-display': 'concatenate',
        },
      }),
    );
    expect(output && isIteratorOutput(output)).toBe(true);
    expect(output && isConcatenatedOutput(output)).toBe(true);
    expect(isIteratorOutput({ type: 'array' })).toBe(false);
  });
});

describe('what containers send', () => {
  it.each([
    [
      'A, with the request echoed',
      { input: { a: 1 }, output: null, id: 'x', status: 'processing', logs: '', webhook: 'http://h/' },
    ],
    [
      'B, the start webhook',
      { input: {}, output: null, id: 'x', created_at: null, started_at: 't', logs: '', status: 'processing' },
    ],
    ['coglet, accepted', { id: 'x', status: 'starting' }],
    ['coglet, failed', { id: 'x', error: 'boom', logs: '', status: 'failed', metrics: { predict_time: 0.1 } }],
  ])('a report of %s is read', (_name, body) => {
    expect(CogReport.parse(body).status).toBe(body.status);
    expect(CogReport.parse(body)).not.toHaveProperty('webhook');
  });

  it('a refusal is no report', () => {
    expect(CogReport.safeParse({ detail: 'Already running a prediction' }).success).toBe(false);
  });

  it('a health answer is read with and without a finished setup', () => {
    expect(CogHealth.parse({ status: 'STARTING', setup: {} })).toEqual({ status: 'STARTING', setup: {} });
    const coglet = { status: 'READY', setup: { logs: 'x', status: 'succeeded' }, version: { coglet: '0.22.0' } };
    expect(CogHealth.parse(coglet)).toEqual({ status: 'READY', setup: { logs: 'x', status: 'succeeded' } });
    expect(CogHealth.safeParse({ status: 'FINE' }).success).toBe(false);
  });
});

describe('what a model gives are files', () => {
  const file = { type: 'string' as const, format: 'uri' };
  const list = (items: object) => ({ type: 'array' as const, items });
  it.each([
    ['a file', file, true],
    ['files at once', list(file), true],
    ['files one by one', { ...list(file), 'x-cog-array-type': 'iterator' }, true],
    ['a text', { type: 'string' as const }, false],
    ['pieces of a text', list({ type: 'string' }), false],
    ['an object with a file in it', { type: 'object' as const, properties: { image: file } }, false],
    ['anything', {}, false],
  ])('%s', (_name, output, expected) => {
    expect(givesFiles(output)).toBe(expected);
  });
});
