const SETTINGS_TABS = ['tokens', 'budgets', 'webhooks', 'hardware', 'accounts'] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

/** Undefined: none of them, so the first. */
export const settingsTabOf = (value: unknown): SettingsTab | undefined => SETTINGS_TABS.find((tab) => tab === value);
