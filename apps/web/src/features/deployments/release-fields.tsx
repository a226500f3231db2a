import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Input, Select } from '../../ui/field.tsx';
import { formatDateTime } from '../../ui/format.ts';
import { HardwareField } from '../models/hardware-field.tsx';
import { versionsQuery } from '../models/queries.ts';
import { KEEP_RULES, type KeepRule, type ReleaseText } from './deployment-form.ts';

/** What the API calls the fields. */
export const RELEASE_FIELDS = ['version', 'hardware', 'min_instances', 'max_instances', 'keep_alive'];

interface ReleaseFieldsProps {
  /** `owner/name`; empty: none was chosen yet. */
  readonly model: string;
  readonly form: ReleaseText;
  readonly onChange: (change: Partial<ReleaseText>) => void;
  readonly error: unknown;
  /** Those that may be chosen. */
  readonly keepRules: readonly KeepRule[];
}

/** What a release is: a version, its hardware, and how it scales. */
export function ReleaseFields({ model, form, onChange, error, keepRules }: ReleaseFieldsProps) {
  const count = (key: 'min' | 'max', label: string, most: number, hint: ReactNode) => (
    <Field label={label} hint={hint} required error={fieldError(error, `${key}_instances`)}>
      {(control) => (
        <Input
          {...control}
          type="number"
          min={0}
          max={most}
          required
          value={form[key]}
          onChange={(event) => onChange({ [key]: event.target.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      <VersionField
        model={model}
        value={form.version}
        onChange={(version) => onChange({ version })}
        error={fieldError(error, 'version')}
      />
      <HardwareField
        value={form.hardware}
        onChange={(hardware) => onChange({ hardware })}
        error={fieldError(error, 'hardware')}
      />
      <div className="grid grid-cols-2 gap-4">
        {count('min', 'At least', 5, 'instances, asked for or not')}
        {count('max', 'At most', 20, '0 switches it off')}
      </div>
      <KeepAliveFields form={form} onChange={onChange} error={fieldError(error, 'keep_alive')} rules={keepRules} />
    </>
  );
}

function VersionField(props: {
  model: string;
  value: string;
  onChange: (id: string) => void;
  error: string | undefined;
}) {
  const [owner = '', name = ''] = props.model.split('/');
  const { data: versions = [] } = useQuery({ ...versionsQuery(owner, name), enabled: props.model !== '' });
  const known = versions.some(({ id }) => id === props.value);
  return (
    <Field label="Version" error={props.error}>
      {(control) => (
        <Select
          {...control}
          required
          disabled={props.model === ''}
          value={props.value}
          onChange={(event) => props.onChange(event.target.value)}
        >
          {!known && <option value={props.value}>{props.value.slice(0, 12)}</option>}
          {versions.map(({ id, created_at: at }, place) => (
            <option key={id} value={id}>
              {id.slice(0, 12)}
              {place === 0 && ' (newest)'}, {formatDateTime(Date.parse(at))}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function KeepAliveFields(props: {
  form: ReleaseText;
  onChange: (change: Partial<ReleaseText>) => void;
  error: string | undefined;
  rules: readonly KeepRule[];
}) {
  const { form, onChange, error, rules } = props;
  const timed = form.keepRule === 'time';
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Keep-alive" hint="How long an idle instance stays." error={timed ? undefined : error}>
        {(control) => (
          <Select
            {...control}
            value={form.keepRule}
            onChange={({ target }) =>
              onChange({ keepRule: rules.find((rule) => rule === target.value) ?? form.keepRule })
            }
          >
            {rules.map((rule) => (
              <option key={rule} value={rule}>
                {KEEP_RULES[rule]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {timed && (
        <Field label="For how long" hint="Seconds, or such as 5m or 1h." required error={error}>
          {(control) => (
            <Input
              {...control}
              required
              value={form.keepTime}
              onChange={(event) => onChange({ keepTime: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
