import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineModel, field, openapiOf, output, readSettings, Secret } from '../src/index.ts';
import { helloModel, llmModel, objModel } from './recorded-models.ts';

describe('a definition', () => {
  it('types what predict receives', () => {
    defineModel({
      input: {
        text: field.string(),
        seed: field.integer({ optional: true }),
        size: field.choice([1, 2], { default: 1 }),
        mode: field.choice(['a', 'b']),
        key: field.secret(),
        tags: field.list(field.string(), { default: [] }),
        image: field.file({ optional: true }),
      },
      output: output.object({ n: output.number() }),
      setup: async () => ({ weights: 3 }),
      predict: ({ input, state }) => {
        expectTypeOf(input).toEqualTypeOf<{
          readonly text: string;
          readonly seed: number | null;
          readonly size: 1 | 2;
          readonly mode: 'a' | 'b';
          readonly key: Secret;
          readonly tags: readonly string[];
          readonly image: string | null;
        }>();
        return { n: state.weights };
      },
    });
  });

  it('refuses a default that breaks its own rules', () => {
    const define = () =>
      defineModel({
        input: { width: field.integer({ max: 10, default: 11 }) },
        output: output.any(),
        predict: () => null,
      });
    expect(define).toThrow("input 'width': default 11: ensure this value is less than or equal to 10");
  });

  it('refuses a choice whose schema would overwrite another', () => {
    const define = () =>
      defineModel({ input: { Status: field.choice(['a']) }, output: output.any(), predict: () => null });
    expect(define).toThrow("input 'Status'");
  });

  it.each([0, 1.5, Number.NaN])('refuses a concurrency of %d', (concurrency) => {
    const define = () => defineModel({ input: {}, output: output.any(), predict: () => null, concurrency });
    expect(define).toThrow('concurrency is');
  });
});

describe('a secret', () => {
  it('shows itself to nobody but who asks for it', () => {
    const secret = new Secret('hunter2');
    expect(secret.reveal()).toBe('hunter2');
    expect(`${String(secret)} ${JSON.stringify({ secret })} ${inspect({ secret })}`).not.toContain('hunter2');
  });
});

describe('the OpenAPI document', () => {
  it('of obj is as recorded from Cog 0.16.12', () => {
    const { Input, Output } = openapiOf(objModel).components.schemas;
    expect({ Input, Output }).toEqual({
      Input: {
        title: 'Input',
        required: ['text'],
        type: 'object',
        properties: {
          text: { title: 'Text', type: 'string', 'x-order': 0 },
          tags: {
            title: 'Tags',
            type: 'array',
            items: { type: 'string' },
            description: 'tags',
            default: ['a', 'b'],
            'x-order': 1,
          },
        },
      },
      Output: {
        title: 'Output',
        required: ['text', 'score', 'file', 'tags'],
        type: 'object',
        properties: {
          text: { title: 'Text', type: 'string' },
          score: { title: 'Score', type: 'number' },
          file: { title: 'File', type: 'string', format: 'uri' },
          tags: { title: 'Tags', type: 'array', items: { type: 'string' } },
        },
      },
    });
  });

  it('of llm has the recorded output', () => {
    expect(openapiOf(llmModel()).components.schemas.Output).toEqual({
      title: 'Output',
      type: 'array',
      items: { type: 'string' },
      'x-cog-array-type': 'iterator',
      'x-cog-array-display': 'concatenate',
    });
  });

  it('of hello follows the conventions for choices, limits, files and secrets', () => {
    const { Input, mode, size } = openapiOf(helloModel()).components.schemas;
    expect(mode).toEqual({
      title: 'mode',
      description: 'An enumeration.',
      enum: ['ok', 'fail', 'exit'],
      type: 'string',
    });
    expect(size).toEqual({ title: 'size', description: 'An enumeration.', enum: [1, 2, 4], type: 'integer' });
    expect(Input).toMatchObject({
      required: ['text'],
      properties: {
        steps: { title: 'Steps', type: 'integer', minimum: 1, maximum: 50, default: 4, 'x-order': 2 },
        mode: { allOf: [{ $ref: '#/components/schemas/mode' }], default: 'ok', 'x-order': 3 },
        image: { title: 'Image', type: 'string', format: 'uri', 'x-order': 6 },
        key: { title: 'Key', type: 'string', format: 'password', 'x-cog-secret': true, 'x-order': 7 },
      },
    });
    expect(Input).toHaveProperty('properties.seed', { title: 'Seed', type: 'integer', 'x-order': 8 });
  });

  it('has every reference it makes', () => {
    const document = openapiOf(helloModel());
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(references).toEqual(
      expect.arrayContaining(['Input', 'Output', 'Status', 'WebhookEvent', 'PredictionRequest']),
    );
    for (const name of references) expect(document.components.schemas).toHaveProperty(name ?? '');
  });
});

describe('settings', () => {
  it('are what Cog takes unless told otherwise', () => {
    expect(readSettings([], {})).toEqual({
      host: '0.0.0.0',
      port: 5000,
      uploadUrl: null,
      awaitExplicitShutdown: false,
      mode: 'predict',
      weights: null,
      maxConcurrency: null,
      webhookIntervalMs: 500,
      webhookAuthToken: null,
      userAgent: null,
      generation: null,
    });
  });

  it('take the flags that a platform sends', () => {
    const flags = [
      '--host=::',
      '--threads',
      '2',
      '--upload-url',
      'http://h/up',
      '--await-explicit-shutdown=true',
      '--x-mode',
      'predict',
    ];
    const env = {
      PORT: '6000',
      COG_MAX_CONCURRENCY: '3',
      COG_THROTTLE_RESPONSE_INTERVAL: '0.1',
      WEBHOOK_AUTH_TOKEN: 't',
    };
    expect(readSettings(flags, env)).toMatchObject({
      host: '::',
      port: 6000,
      uploadUrl: 'http://h/up',
      awaitExplicitShutdown: true,
      maxConcurrency: 3,
      webhookIntervalMs: 100,
      webhookAuthToken: 't',
    });
  });

  it.each([
    [[], { PORT: '99999' }, "PORT is '99999'; it must be a port from 0 to 65535"],
    [[], { COG_MAX_CONCURRENCY: '0' }, "COG_MAX_CONCURRENCY is '0'; it must be a whole number from 1"],
    [
      [],
      { COG_THROTTLE_RESPONSE_INTERVAL: 'x' },
      "COG_THROTTLE_RESPONSE_INTERVAL is 'x'; it must be a number of seconds",
    ],
    [['--upload-url', 'here'], {}, "--upload-url is 'here'; it must be an http or https URL"],
    [['--x-mode', 'guess'], {}, "--x-mode is 'guess'; it must be 'predict' or 'train'"],
    [['--frob'], {}, 'allowed: --host --upload-url'],
  ])('refuse %j %j', (flags, env, message) => {
    expect(() => readSettings(flags, env)).toThrow(message);
  });
});
