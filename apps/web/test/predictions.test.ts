import { describe, expect, it } from 'vitest';
import { readModelSearch } from '../src/features/models/model-search.ts';
import { changesOf, draftOf } from '../src/features/models/settings-draft.ts';
import { bootNote, ownDeployment } from '../src/features/models/temperature.ts';
import { etaWords, pullWords, shareOf } from '../src/features/playground/run/waiting-words.ts';
import { askedFor, readFilters, withFilter } from '../src/features/predictions/filters.ts';
import { spansOf } from '../src/features/predictions/timeline.ts';

const NOW = Date.parse('2026-05-01T12:00:30.500Z');
const at = (seconds: number) => new Date(Date.parse('2026-05-01T12:00:00Z') + seconds * 1_000).toISOString();

describe('filters of the list', () => {
  it('are read from an address, and what is none is left aside', () => {
    expect(readFilters({ status: 'failed', model: 'me/model', since: 'day', page: 2 })).toEqual({
      status: 'failed',
      model: 'me/model',
      since: 'day',
    });
    expect(readFilters({ status: 'done', model: '../etc', source: 1, since: 'constructor' })).toEqual({});
  });

  it('ask for a span from a full minute on, so that a second look asks for the same', () => {
    const asked = askedFor({ since: 'hour', status: 'failed' }, NOW);
    expect(asked).toEqual({ status: 'failed', created_after: '2026-05-01T11:00:00.000Z' });
    expect(askedFor({ since: 'hour', status: 'failed' }, NOW + 29_000)).toEqual(asked);
    expect(askedFor({ model: 'me/model' }, NOW)).toEqual({ model: 'me/model' });
  });

  it('are set and taken away one by one', () => {
    const one = withFilter({ since: 'day' }, 'status', 'failed');
    expect(one).toEqual({ since: 'day', status: 'failed' });
    expect(withFilter(one, 'since', '')).toEqual({ status: 'failed' });
  });
});

describe('a timeline', () => {
  it('gives each step its part of the time', () => {
    const spans = spansOf(
      [
        { step: 'queued', from: at(0), to: at(1) },
        { step: 'setup', from: at(1), to: at(3) },
        { step: 'running', from: at(3), to: at(4) },
      ],
      NOW,
    );
    expect(spans.map(({ step, ms, start, share }) => [step, ms, start, share])).toEqual([
      ['queued', 1_000, 0, 0.25],
      ['setup', 2_000, 0.25, 0.5],
      ['running', 1_000, 0.75, 0.25],
    ]);
  });

  it('grows while its last step lasts, also where this machine’s clock is behind', () => {
    const steps = [{ step: 'queued', from: at(30), to: null }] as const;
    expect(spansOf(steps, NOW)).toMatchObject([{ ms: 500, open: true, share: 1 }]);
    expect(spansOf(steps, NOW - 60_000)).toMatchObject([{ ms: 0, start: 0, share: 0 }]);
  });
});

describe('what a prediction waits for', () => {
  const progress = { elapsed_seconds: 5, usual_seconds: 10, bytes: null, total_bytes: null, percent: null };

  it.each([
    ['by bytes', { ...progress, percent: 25 }, 0.25],
    ['by the usual time', progress, 0.5],
    ['never wholly before it is over', { ...progress, elapsed_seconds: 60 }, 0.95],
    ['not known at the first boot', { ...progress, usual_seconds: null }, null],
  ])('is so far: %s', (_how, known, share) => {
    expect(shareOf(known)).toBe(share);
  });

  it('is said in words', () => {
    expect(etaWords(null)).toBe('No estimate before the first boot');
    expect(etaWords(75)).toBe('Starts in about 1 min 15 s');
    expect(pullWords({ ...progress, bytes: 250_000_000, total_bytes: 1_000_000_000 })).toBe('250 MB of 1 GB');
    expect(pullWords({ ...progress, bytes: 250_000_000 })).toBe('250 MB');
    expect(pullWords(progress)).toBe('usually 10 s');
  });
});

describe('how warm a model is', () => {
  const own = { implicit: true, mode: 'predict', model: 'me/model', version: 'v2' } as const;

  it('goes by its newest version, run without a deployment', () => {
    const others = [
      { ...own, implicit: false },
      { ...own, mode: 'train' as const },
      { ...own, version: 'v1' },
      { ...own, model: 'me/other' },
    ];
    expect(ownDeployment([...others, own], 'me/model', 'v2')).toBe(own);
    expect(ownDeployment(others, 'me/model', 'v2')).toBeUndefined();
    expect(ownDeployment([own], 'me/model', undefined)).toBeUndefined();
  });

  it('tells of a boot what is known', () => {
    const boot = {
      instance: 'i',
      phase: 'pull',
      since: at(0),
      usual_seconds: null,
      bytes: null,
      total_bytes: null,
      ready_at: null,
    };
    expect(bootNote(boot, NOW)).toBe('pull');
    expect(bootNote({ ...boot, bytes: 42, total_bytes: 100 }, NOW)).toBe('pull 42 %');
    expect(bootNote({ ...boot, phase: 'setup', ready_at: at(42) }, NOW)).toBe('setup, 12 s to go');
    expect(bootNote({ ...boot, phase: 'setup', ready_at: at(1) }, NOW)).toBe('setup');
  });
});

describe('settings of a model', () => {
  const model = {
    hardware: 'cpu',
    visibility: 'public' as const,
    description: 'It was',
    cover_image_url: null,
    github_url: 'https://github.example/a',
    paper_url: null,
    license_url: null,
    weights_url: null,
    readme: '# It\n',
    default_example: { id: 'p1' },
  };

  it('that nobody changed are not sent', () => {
    expect(changesOf(model, draftOf(model))).toEqual({});
  });

  it('hold the readme as it was written, and the example that is shown first', () => {
    const draft = { ...draftOf(model), readme: '# It\n\n', default_example: 'p2' };
    expect(changesOf(model, draft)).toEqual({ readme: '# It\n\n', default_example: 'p2' });
    expect(changesOf(model, { ...draftOf(model), readme: '', default_example: '' })).toEqual({
      readme: null,
      default_example: null,
    });
  });

  it('that were changed are sent, and an emptied text takes away', () => {
    const draft = {
      ...draftOf(model),
      hardware: 'gpu',
      description: ' It is ',
      github_url: '',
      paper_url: 'https://p.example',
    };
    expect(changesOf(model, draft)).toEqual({
      hardware: 'gpu',
      description: 'It is',
      github_url: null,
      paper_url: 'https://p.example',
    });
  });
});

it('the address of a model’s page holds what it shows', () => {
  expect(readModelSearch({ tab: 'api', version: 'ab12', prediction: '01x', tweak: '../x', other: 1 })).toEqual({
    tab: 'api',
    version: 'ab12',
    prediction: '01x',
  });
  expect(readModelSearch({ tab: 'nothing' })).toEqual({});
});
