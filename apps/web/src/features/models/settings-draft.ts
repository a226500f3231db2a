import type { ModelPatch, WireModel } from '@hearth/contract';

const TEXTS = ['description', 'cover_image_url', 'github_url', 'paper_url', 'license_url', 'weights_url'] as const;

/** What stands in the form; an empty text is none. */
export type Draft = Record<(typeof TEXTS)[number] | 'hardware' | 'readme' | 'default_example', string> & {
  readonly visibility: WireModel['visibility'];
};

/** A model with its readme, which is asked for by itself. */
type Settings = Pick<WireModel, (typeof TEXTS)[number] | 'hardware' | 'visibility'> & {
  readonly readme: string | null;
  readonly default_example: { readonly id: string } | null;
};

export const draftOf = (model: Settings): Draft => ({
  hardware: model.hardware,
  visibility: model.visibility,
  description: model.description ?? '',
  readme: model.readme ?? '',
  default_example: model.default_example?.id ?? '',
  cover_image_url: model.cover_image_url ?? '',
  github_url: model.github_url ?? '',
  paper_url: model.paper_url ?? '',
  license_url: model.license_url ?? '',
  weights_url: model.weights_url ?? '',
});

/** Only what somebody changed, so that two people do not undo each other's changes. */
export function changesOf(model: Settings, draft: Draft): ModelPatch {
  const was = draftOf(model);
  const changed = (name: 'readme' | 'default_example' | (typeof TEXTS)[number], text: string) =>
    text === was[name] ? [] : [[name, text === '' ? null : text]];
  return {
    ...(draft.hardware !== was.hardware && { hardware: draft.hardware }),
    ...(draft.visibility !== was.visibility && { visibility: draft.visibility }),
    ...Object.fromEntries([
      ...TEXTS.flatMap((name) => changed(name, draft[name].trim())),
      // Of Markdown the blanks at the ends are its own.
      ...changed('readme', draft.readme),
      ...changed('default_example', draft.default_example),
    ]),
  };
}
