import { Link } from '@tanstack/react-router';

/** `owner/name` as a link to its page; null where it was deleted since. */
export function DeploymentLink({ deployment }: { deployment: string | null }) {
  const [owner, name] = deployment?.split('/') ?? [];
  if (owner === undefined || name === undefined) return <span className="text-ink-muted">a deleted deployment</span>;
  return (
    <Link
      to="/deployments/$owner/$name"
      params={{ owner, name }}
      className="font-medium [overflow-wrap:anywhere] hover:underline"
    >
      {owner}/{name}
    </Link>
  );
}
