/** What the address of the deployments page says beside itself. */
export interface DeploymentsView {
  /** `owner/name` of a model: a new deployment of it is asked for. */
  readonly deploy?: string;
}

export const deploymentsViewIn = ({ deploy }: Record<string, unknown>): DeploymentsView =>
  typeof deploy === 'string' ? { deploy } : {};
