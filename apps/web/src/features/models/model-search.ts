export const MODEL_TABS = ['playground', 'api', 'examples', 'readme', 'versions', 'train', 'settings'] as const;
export type ModelTab = (typeof MODEL_TABS)[number];

/** What of a model's page its address holds, so that it can be shared and gone back to. */
export interface ModelSearch {
  readonly tab?: ModelTab;
  /** Left out: the newest. */
  readonly version?: string;
  /** The run that the playground shows. */
  readonly prediction?: string;
  /** A prediction whose input the playground begins with. */
  readonly tweak?: string;
}

const ID = /^[0-9a-z]{1,64}$/;

export function readModelSearch(search: Record<string, unknown>): ModelSearch {
  const id = (name: string) => {
    const value = search[name];
    return typeof value === 'string' && ID.test(value) ? { [name]: value } : {};
  };
  const tab = MODEL_TABS.find((one) => one === search.tab);
  return { ...(tab !== undefined && { tab }), ...id('version'), ...id('prediction'), ...id('tweak') };
}
