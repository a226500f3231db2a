import type { ModelPatch, WireModel } from '@hearth/contract';

const TEXTS = ['description', 'cover_image_url', 'github_url', 'paper_url', 'license_url', 'weights_url'] as const;

/** What stands in the form; an empty text is none. */
export type Draft = Record<(typeof TEXTS)[number] | 'hardware', string> & {
  readonly visibility: WireModel['visibility'];
};

type Settings = Pick<WireModel, (typeof TEXTS)[number] | 'hardware' | 'visibility'>;

export const draftOf = (model: Settings): Draft => ({
  hardware: model.hardware,
  visibility: model.visibility,
  description: model.description ?? '',
  cover_image_url: model.cover_image_url ?? '',
  github_url: model.github_url ?? '',
  paper_url: model.paper_url ?? '',
  license_url: model.license_url ?? '',
  weights_url: model.weights_url ?? '',
});

/** Only what somebody changed, so that two people do not undo each other's changes. */
export function changesOf(model: Settings, draft: Draft): ModelPatch {
  const texts = TEXTS.flatMap((name) => {
    const text = draft[name].trim();
    return text === (model[name] ?? '') ? [] : [[name, text === '' ? null : text]];
  });
  return {
    ...(draft.hardware !== model.hardware && { hardware: draft.hardware }),
    ...(draft.visibility !== model.visibility && { visibility: draft.visibility }),
    ...Object.fromEntries(texts),
  };
}
