/** Documents as Cog writes them, of every generation and for every kind of input (contract §6.13). */

type Json = Readonly<Record<string, unknown>>;

export interface CogSchema {
  readonly name: string;
  /** The whole OpenAPI document. */
  readonly openapi: Json;
}

const ENUM = (values: readonly unknown[], type: string) => ({
  description: 'An enumeration.',
  enum: values,
  title: 'choice',
  type,
});

function cog(name: string, inputs: Json, more: { required?: readonly string[]; schemas?: Json } = {}): CogSchema {
  const properties = Object.fromEntries(
    Object.entries(inputs).map(([key, field], at) => [key, { 'x-order': at, title: key, ...(field as Json) }]),
  );
  const Input = { type: 'object', title: 'Input', properties, ...(more.required && { required: more.required }) };
  return { name, openapi: { openapi: '3.0.2', components: { schemas: { Input, ...more.schemas } } } };
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const STRING = { type: 'string' };
const FILE = { type: 'string', format: 'uri' };

export const COG_SCHEMAS: readonly CogSchema[] = [
  cog('a required text', { prompt: { ...STRING, description: 'What to draw' } }, { required: ['prompt'] }),
  cog('a text with a default', { prompt: { ...STRING, default: 'a photo of a cat' } }),
  cog('a text of None by default', { negative: STRING }),
  cog('a text of an empty default', { negative: { ...STRING, default: '' } }),
  cog('a short text', { name: { ...STRING, minLength: 2, maxLength: 20 } }, { required: ['name'] }),
  cog('a long text', { text: { ...STRING, maxLength: 5_000 } }, { required: ['text'] }),
  cog('a text of a pattern', { code: { ...STRING, pattern: '^[A-Z]{3}$', default: 'ABC' } }),
  cog("a pattern that is Python's own", { code: { ...STRING, pattern: '(?P<word>[a-z]+)' } }, { required: ['code'] }),
  cog('a required integer', { seed: { type: 'integer' } }, { required: ['seed'] }),
  cog('an integer of None by default', { seed: { type: 'integer', description: 'Random if left out' } }),
  cog('an integer between fractions', { steps: { type: 'integer', minimum: 1, maximum: 50.0, default: 20 } }),
  cog('an integer with one bound', { width: { type: 'integer', minimum: 64, default: 512 } }),
  cog('an integer on a long way', { seed: { type: 'integer', minimum: 0, maximum: 4_294_967_295, default: 0 } }),
  cog('a number between bounds', { guidance: { type: 'number', minimum: 0, maximum: 1, default: 0.33 } }),
  cog(
    'a required number between bounds',
    { strength: { type: 'number', minimum: 0.05, maximum: 0.97 } },
    { required: ['strength'] },
  ),
  cog('a default out of its bounds', { steps: { type: 'integer', minimum: 1, maximum: 10, default: 50 } }),
  cog('a switch that is on', { safe: { type: 'boolean', default: true } }),
  cog('a required switch', { safe: { type: 'boolean' } }, { required: ['safe'] }),
  cog('a switch of None by default', { safe: { type: 'boolean' } }),
  cog(
    'a choice by allOf',
    { scheduler: { allOf: [ref('scheduler')], default: 'DDIM', description: 'How it steps' } },
    { schemas: { scheduler: ENUM(['DDIM', 'K_EULER', 'PNDM'], 'string') } },
  ),
  cog(
    'a required choice of integers by allOf',
    { scale: { allOf: [ref('scale')] } },
    { required: ['scale'], schemas: { scale: ENUM([2, 4, 8], 'integer') } },
  ),
  cog(
    'a choice by a bare reference',
    { Status: ref('Status') },
    { schemas: { Status: ENUM(['new', 'old'], 'string') } },
  ),
  cog('a choice in place', { size: { type: 'string', enum: ['S', 'M', 'L'], default: 'M' } }),
  cog('a choice of numbers with no default', { factor: { type: 'number', enum: [0.5, 1, 1.5] } }),
  cog('a required file', { image: { ...FILE, description: 'Picture to read' } }, { required: ['image'] }),
  cog('a file whose default is none', { mask: { ...FILE, default: '' } }),
  cog('a required secret of 0.9', { api_key: { ...STRING, format: 'password' } }, { required: ['api_key'] }),
  cog('a secret of coglet', {
    token: { ...STRING, format: 'password', writeOnly: true, 'x-cog-secret': true, nullable: true },
  }),
  cog('a list of texts', { words: { type: 'array', items: STRING, default: ['one', 'two'] } }),
  cog('a required list of integers', { sizes: { type: 'array', items: { type: 'integer' } } }, { required: ['sizes'] }),
  cog('a list of bounded numbers', { weights: { type: 'array', items: { type: 'number', minimum: 0, maximum: 1 } } }),
  cog('a required list of files', { images: { type: 'array', items: FILE } }, { required: ['images'] }),
  cog(
    'a list of choices',
    { tags: { type: 'array', items: ref('tag') } },
    { schemas: { tag: ENUM(['red', 'green', 'blue'], 'string') } },
  ),
  cog('a list of lists', { points: { type: 'array', items: { type: 'array', items: { type: 'number' } } } }),
  cog('a list of anything', { rows: { type: 'array', items: {} } }),
  cog('a dictionary', { options: { type: 'object', default: { fast: true } } }),
  cog(
    'a required object',
    { person: { type: 'object', properties: { name: STRING }, required: ['name'] } },
    { required: ['person'] },
  ),
  cog('anything', { value: { description: 'Any JSON' } }),
  cog('an integer or null by anyOf', { seed: { anyOf: [{ type: 'integer' }, { type: 'null' }] } }),
  cog('a required text or null', { note: { ...STRING, nullable: true } }, { required: ['note'] }),
  cog(
    'a choice or null',
    { mode: { anyOf: [ref('mode'), { type: 'null' }], default: null } },
    { schemas: { mode: ENUM(['fast', 'fine'], 'string') } },
  ),
  cog('an input that is deprecated', { old: { type: 'integer', deprecated: true, default: 3 } }),
  cog('no inputs', {}),
  cog(
    'all of an image model',
    {
      prompt: { ...STRING, default: 'An astronaut riding a rainbow unicorn' },
      negative_prompt: { ...STRING, default: '' },
      image: { ...FILE, description: 'For img2img' },
      mask: FILE,
      width: { type: 'integer', default: 1_024 },
      height: { type: 'integer', default: 1_024 },
      num_outputs: { type: 'integer', minimum: 1, maximum: 4, default: 1 },
      scheduler: { allOf: [ref('scheduler')], default: 'K_EULER' },
      guidance_scale: { type: 'number', minimum: 1, maximum: 50, default: 7.5 },
      prompt_strength: { type: 'number', minimum: 0, maximum: 1, default: 0.8 },
      seed: { type: 'integer' },
      apply_watermark: { type: 'boolean', default: true },
      lora_scale: { type: 'number', minimum: 0, maximum: 1, default: 0.6 },
      disable_safety_checker: { type: 'boolean', default: false },
    },
    { schemas: { scheduler: ENUM(['DDIM', 'DPMSolverMultistep', 'K_EULER'], 'string') } },
  ),
];
