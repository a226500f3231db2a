import { ApiError, type InvalidField, type ProblemBody } from '@hearth/contract';
import { describe, expect, it } from 'vitest';
import { reachableFrom } from '../src/api/reachable.ts';
import { errorWords, fieldError, unplacedError } from '../src/ui/error-words.ts';

describe('an error is said', () => {
  it("in the API's own words", () => {
    const problem = {
      title: 'Name taken',
      detail: 'There is a model of that name.',
      status: 422,
      code: 'name-taken',
    } as const;
    expect(errorWords(new ApiError(422, problem, ''))).toEqual({ title: problem.title, detail: problem.detail });
  });
  it('as the text of whatever answered in its place', () => {
    expect(errorWords(new ApiError(502, null, 'upstream is down'))).toEqual({
      title: 'HTTP 502',
      detail: 'upstream is down',
    });
  });
  it('as nobody answering, however the browser calls that', () => {
    for (const words of ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed']) {
      expect(errorWords(new TypeError(words)).title).toBe('Hearth does not answer');
    }
  });
  it('as a fault of the page, where it is one', () => {
    expect(errorWords(new TypeError('x is undefined'))).toMatchObject({ detail: 'x is undefined' });
    expect(errorWords('odd')).toMatchObject({ detail: 'odd' });
  });
});

describe('an error of a form', () => {
  const refusal = (code: ProblemBody['code'], invalid_fields: InvalidField[] = []) =>
    new ApiError(422, { title: 'Refused', detail: 'It is taken.', status: 422, code, invalid_fields }, '');

  it('is said at its field, and below the form where a field is not in it', () => {
    const error = refusal('invalid-input', [{ field: 'min_instances', type: 'range', description: '9 is too many' }]);
    expect(fieldError(error, 'min_instances')).toBe('9 is too many');
    expect(fieldError(error, 'name')).toBeUndefined();
    expect(unplacedError(error, ['name', 'min_instances'])).toBeNull();
    expect(unplacedError(error, ['name'])).toBe(error);
  });
  it('of a taken name is said at the name, where there is one', () => {
    const error = refusal('name-taken');
    expect(fieldError(error, 'name')).toBe('It is taken.');
    expect(unplacedError(error, ['name'])).toBeNull();
    expect(unplacedError(error, ['username'])).toBe(error);
  });
  it('that names no field is said below it', () => {
    const error = new ApiError(503, null, 'no');
    expect(fieldError(error, 'name')).toBeUndefined();
    expect([unplacedError(error, ['name']), unplacedError(null, ['name'])]).toEqual([error, null]);
  });
});

describe("the API's URLs", () => {
  it.each([
    ['http://hearth.test/v1/predictions?cursor=1', '/v1/predictions?cursor=1'],
    ['http://hearth.test.evil/v1/x', 'http://hearth.test.evil/v1/x'],
    ['https://elsewhere.test/a.png', 'https://elsewhere.test/a.png'],
    ['/v1/account', '/v1/account'],
  ])('%s is asked for at %s', (url, expected) => expect(reachableFrom('http://hearth.test', url)).toBe(expected));
});
