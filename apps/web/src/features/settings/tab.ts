const SETTINGS_TABS = ['tokens', 'members', 'budgets', 'webhooks', 'hardware', 'accounts', 'audit'] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

/** Undefined: none of them, so the first. */
export const settingsTabOf = (value: unknown): SettingsTab | undefined => SETTINGS_TABS.find((tab) => tab === value);
