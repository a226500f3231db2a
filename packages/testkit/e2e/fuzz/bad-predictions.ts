import type { Chance } from './chance.ts';
import { text } from './garbage.ts';

type BadPrediction = readonly [what: string, headers: Record<string, string>, body: object | string];

/** A request for a prediction that would run, but for one thing. */
export function badPrediction(chance: Chance, good: { input: Record<string, unknown> }): BadPrediction {
  const withInput = (input: unknown): object => ({ ...good, input });
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const [name = ''] = Object.keys(good.input);
  return chance.pick<() => BadPrediction>([
    () => ['a Cancel-After that is none', { 'cancel-after': chance.pick(BAD_DURATIONS) }, good],
    () => [
      'an Idempotency-Key that is none',
      { 'idempotency-key': chance.pick(['a b', 'x'.repeat(256), '\u00e9', '']) },
      good,
    ],
    () => [
      'an unknown field',
      {},
      { ...good, [chance.pick(['a', 'version ', '__PROTO__', '', 'toString'])]: text(chance) },
    ],
    () => ['an unknown input', {}, withInput({ ...good.input, [`${text(chance)}!`]: 1 })],
    () => ['no input', {}, {}],
    () => ['an input that is no object', {}, withInput(chance.pick([[], '', 1, null, true]))],
    () => ['an input of another type', {}, withInput({ ...good.input, [name]: chance.pick([1, {}, [], true, null]) })],
    () => ['a deep input', {}, `{"input":{"${name}":${deep}}}`],
    () => ['a deep unknown input', {}, `{"input":{"${name}":"hi","deep":${deep}}}`],
    () => [
      'a number beyond numbers',
      {},
      `{"input":{"${name}":"hi","rate":${chance.pick(['1e400', '-1e400', '9'.repeat(400)])}}}`,
    ],
    () => ['a number that is none', {}, withInput({ ...good.input, rate: chance.pick(['1', [], {}, -1, 0, 1e9]) })],
    () => [
      'a webhook to nowhere',
      {},
      {
        ...good,
        webhook: chance.pick(['x', 'ftp://a/b', 'http://', '//a', 1, 'javascript:1', `http://a/${'x'.repeat(9_000)}`]),
      },
    ],
    () => [
      'events that are none',
      {},
      { ...good, webhook_events_filter: chance.pick(['start', ['x'], [1], {}, [null]]) },
    ],
    () => ['a prototype', {}, `{"input":{"${name}":"hi"},"__proto__":{"a":1}}`],
    // Few: each is as large as a hundred others.
    () => [
      'a text that is too long',
      {},
      withInput({ ...good.input, rate: 'x'.repeat(chance.oneIn(8) ? 17_000_000 : 100_000) }),
    ],
    () => ['a NUL', {}, withInput({ [`${name}\0`]: 'hi' })],
  ])();
}

const BAD_DURATIONS = [
  '',
  '1',
  '4.999',
  '4999ms',
  '-30',
  '+30',
  '1e3',
  'abc',
  '5 minutes',
  '1h30',
  '30s;',
  'NaN',
  'Infinity',
  '9'.repeat(15),
  '9'.repeat(400),
  '99999999d',
  '0x10',
];
