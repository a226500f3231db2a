import type { NEEDS } from '@hearth/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { may, sessionQuery } from '../../api/session.ts';
import { Page } from '../../ui/page.tsx';
import { type Tab, Tabs } from '../../ui/tabs.tsx';
import { AccountsTab } from './accounts-tab.tsx';
import { AuditTab } from './audit-tab.tsx';
import { BudgetsTab } from './budgets-tab.tsx';
import { HardwareTab } from './hardware-tab.tsx';
import { MembersTab } from './members-tab.tsx';
import type { SettingsTab } from './tab.ts';
import { TokensTab } from './tokens-tab.tsx';
import { WebhooksTab } from './webhooks-tab.tsx';

const TABS: readonly (Tab<SettingsTab> & { needs?: keyof typeof NEEDS })[] = [
  { id: 'tokens', name: 'Tokens', needs: 'admin' },
  { id: 'members', name: 'Members' },
  { id: 'budgets', name: 'Budgets' },
  { id: 'webhooks', name: 'Webhooks', needs: 'run' },
  { id: 'hardware', name: 'Hardware and prices' },
  { id: 'accounts', name: 'Accounts', needs: 'operator' },
  { id: 'audit', name: 'Audit log', needs: 'admin' },
];

export function SettingsPage() {
  const { data: session } = useQuery(sessionQuery);
  const { tab } = useSearch({ from: '/app/settings' });
  const navigate = useNavigate();
  if (!session) return null;
  const tabs = TABS.filter(({ needs = 'read' }) => may(session, needs));
  const selected = tabs.find(({ id }) => id === tab)?.id ?? tabs[0]?.id ?? 'members';
  return (
    <Page title="Settings">
      <Tabs
        label="Settings"
        tabs={tabs}
        selected={selected}
        onSelect={(id) => void navigate({ to: '/settings', search: { tab: id }, replace: true })}
      >
        {selected === 'tokens' && <TokensTab session={session} />}
        {selected === 'budgets' && <BudgetsTab session={session} />}
        {selected === 'members' && <MembersTab session={session} />}
        {selected === 'webhooks' && <WebhooksTab />}
        {selected === 'hardware' && <HardwareTab mayChange={may(session, 'operator')} />}
        {selected === 'accounts' && <AccountsTab />}
        {selected === 'audit' && <AuditTab />}
      </Tabs>
    </Page>
  );
}
