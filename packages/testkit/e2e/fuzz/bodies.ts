import { gzipSync } from 'node:zlib';
import type { Chance } from './chance.ts';
import { notJson, valueNot, valueOf } from './garbage.ts';
import { type JsonSchema, kindsOf } from './operations.ts';

/** A body, and the content type that it goes under. */
export interface Body {
  readonly what: string;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A body that no operation with this schema takes. */
export function refusedBody(chance: Chance, schema: JsonSchema | null): Body {
  // A route without a body takes any text for none.
  if (schema === null) return { what: 'no JSON', bytes: notJson(chance), headers: JSON_TYPE };
  if (chance.oneIn(4)) return brokenBody(chance);
  const spoiled = spoil(chance, schema);
  if (spoiled === undefined) return brokenBody(chance);
  return encoded(chance, asJson(spoiled));
}

/** Not JSON, or not said to be. */
function brokenBody(chance: Chance): Body {
  if (chance.oneIn(2)) return { what: 'no JSON', bytes: notJson(chance), headers: JSON_TYPE };
  const type = chance.pick([
    'text/plain',
    'text/html',
    'application/xml',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'image/png',
    'application/jsonp',
    'application',
    '/',
    'application/json-seq',
    'x'.repeat(300),
  ]);
  return { what: 'another content type', bytes: Buffer.from('{"input":{}}'), headers: { 'content-type': type } };
}

/** Spoiled JSON in an encoding that leaves it refused. */
function encoded(chance: Chance, json: Buffer): Body {
  switch (chance.below(12)) {
    case 0:
      return { what: 'gzip', bytes: gzipSync(json), headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } };
    case 1:
      return {
        what: 'a byte order mark',
        bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), json]),
        headers: JSON_TYPE,
      };
    case 2: {
      const headers = { 'content-type': 'application/json; charset=utf-16le' };
      return { what: 'UTF-16', bytes: Buffer.from(json.toString(), 'utf16le'), headers };
    }
    case 3: {
      const headers = { 'content-type': 'application/json; charset=latin1' };
      return { what: 'Latin-1', bytes: Buffer.from(json.toString(), 'latin1'), headers };
    }
    case 4: {
      const bytes = Buffer.concat([json, Buffer.from([0xc3, 0x28])]);
      return { what: 'invalid UTF-8', bytes, headers: JSON_TYPE };
    }
    case 5:
      return { what: 'a part of it', bytes: json.subarray(0, -1), headers: JSON_TYPE };
    default:
      return { what: 'spoiled JSON', bytes: json, headers: JSON_TYPE };
  }
}

/** A value that the schema refuses; undefined where it takes everything. */
function spoil(chance: Chance, schema: JsonSchema): unknown {
  const kinds = kindsOf(schema);
  const properties = Object.entries(schema.properties ?? {});
  const required = properties.filter(([name]) => schema.required?.includes(name));
  if (kinds.size === 0) return undefined;
  if (properties.length === 0 || chance.oneIn(6)) return valueNot(chance, kinds);
  const filled = Object.fromEntries(
    (chance.oneIn(2) ? properties : required).map(([name, of]) => [name, fill(chance, of)]),
  );
  if (required.length > 0 && chance.oneIn(3)) {
    const [missing] = chance.pick(required);
    const { [missing]: _left, ...rest } = filled;
    return rest;
  }
  const [name, of] = chance.pick(properties);
  const kindsOfIt = kindsOf(of);
  // One that takes every kind cannot be spoiled by its kind.
  if (kindsOfIt.size === 0) return valueNot(chance, kinds);
  return { ...filled, [name]: valueNot(chance, kindsOfIt) };
}

/** A value of the schema's kinds, whatever else it says of it. */
export function conform(chance: Chance, schema: JsonSchema): unknown {
  const { properties } = schema.properties ? schema : chance.pick([schema, ...(schema.anyOf ?? [])]);
  if (properties === undefined) return fill(chance, schema);
  const kept = Object.entries(properties).filter(([name]) => schema.required?.includes(name) || chance.oneIn(2));
  return Object.fromEntries(kept.map(([name, of]) => [name, fill(chance, of)]));
}

/** Some value of the right kind. */
function fill(chance: Chance, schema: JsonSchema): unknown {
  const choices = schema.enum ?? schema.anyOf?.flatMap((one) => one.enum ?? []) ?? [];
  if (choices.length > 0) return chance.pick(choices);
  if (chance.oneIn(2)) {
    const likely = likelyValue(chance, schema);
    if (likely !== undefined) return likely;
  }
  const kinds = [...kindsOf(schema)];
  return valueOf(chance, kinds.length === 0 ? 'string' : chance.pick(kinds));
}

/** One that the schema most likely takes, so that others of the same body are looked at too. */
function likelyValue(chance: Chance, schema: JsonSchema): unknown {
  const [of] = [schema, ...(schema.anyOf ?? [])].filter(
    ({ type }) => type === 'string' || type === 'integer' || type === 'number',
  );
  if (of === undefined) return undefined;
  if (of.type !== 'string') return of.minimum ?? 1;
  return of.format === 'uri' ? 'https://example.com/x' : `fuzzed${chance.below(50)}`;
}

const BOUNDARY = 'fuzz';
const part = (head: string, content: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${head}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')]);
const END = Buffer.from(`--${BOUNDARY}--\r\n`);
const CONTENT = 'Content-Disposition: form-data; name="content"; filename="a.txt"\r\nContent-Type: text/plain';
const FORM = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

/** A form that is broken, or that lacks a file. */
export function refusedForm(chance: Chance): Body {
  const whole = part(CONTENT, 'hello');
  const [what, bytes, headers] = chance.pick<readonly [string, Buffer, Record<string, string>]>([
    ['no form in a form', Buffer.from('hello'), FORM],
    ['an empty form', END, FORM],
    ['no bytes', Buffer.alloc(0), FORM],
    ['a form that ends in the middle of a file', whole.subarray(0, -8), FORM],
    ['a form that ends in a head', Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-`), FORM],
    ['a form without a boundary', Buffer.concat([whole, END]), { 'content-type': 'multipart/form-data' }],
    ['another boundary', Buffer.concat([whole, END]), { 'content-type': 'multipart/form-data; boundary=other' }],
    ['an endless boundary', END, { 'content-type': `multipart/form-data; boundary=${'x'.repeat(500)}` }],
    [
      'a form without content',
      Buffer.concat([part('Content-Disposition: form-data; name="metadata"', '{}'), END]),
      FORM,
    ],
    [
      'a field in place of a file',
      Buffer.concat([part('Content-Disposition: form-data; name="other"', 'x'), END]),
      FORM,
    ],
    [
      'metadata that is no JSON',
      Buffer.concat([part('Content-Disposition: form-data; name="metadata"', '{'), whole, END]),
      FORM,
    ],
    [
      'metadata that is no object',
      Buffer.concat([part('Content-Disposition: form-data; name="metadata"', '[1]'), whole, END]),
      FORM,
    ],
    ['JSON', Buffer.from('{"content":"x"}'), JSON_TYPE],
    ['a part without a name', Buffer.concat([part('Content-Type: text/plain', 'x'), END]), FORM],
    [
      'a thousand fields',
      Buffer.concat([
        ...Array.from({ length: 1_000 }, (_, n) => part(`Content-Disposition: form-data; name="f${n}"`, 'x')),
        END,
      ]),
      FORM,
    ],
    [
      'a head of 100 kB',
      Buffer.concat([part(`Content-Disposition: form-data; name="${'x'.repeat(100_000)}"`, 'x'), END]),
      FORM,
    ],
  ]);
  return { what, bytes, headers };
}
