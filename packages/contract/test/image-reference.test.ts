import { expect, it } from 'vitest';
import { IMAGE_REFERENCE } from '../src/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;

it.each([
  'ocr',
  'ada/ocr',
  'ada/ocr:1.0_x',
  'reg:5000/ada/o-c--r__x:latest',
  'ghcr.io/ada/ocr',
  'localhost/ocr',
  '127.0.0.1:5000/ada/ocr:1',
  `ada/ocr@${digest}`,
  `ada/ocr:1@${digest}`,
  digest,
])('%s names an image', (name) => expect(IMAGE_REFERENCE.test(name)).toBe(true));

it.each([
  '',
  'Ada/Ocr',
  'a b',
  'ada//ocr',
  'ada/ocr:',
  'ada/ocr@sha256:12',
  '../ocr',
  'http://reg/ocr',
  'ocr\n',
  '-ocr',
])('%j does not', (name) => expect(IMAGE_REFERENCE.test(name)).toBe(false));
