import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Field, Select } from '../../ui/field.tsx';
import { formatPrice } from '../../ui/format.ts';
import { hardwareQuery } from './queries.ts';

interface HardwareFieldProps {
  /** A SKU. */
  readonly value: string;
  readonly onChange: (sku: string) => void;
  readonly hint?: ReactNode;
  readonly error: string | undefined;
}

/** A choice among the operator's hardware, each with its price. */
export function HardwareField({ value, onChange, hint, error }: HardwareFieldProps) {
  const { data: hardware = [] } = useQuery(hardwareQuery);
  const known = hardware.some(({ sku }) => sku === value);
  return (
    <Field label="Hardware" hint={hint} error={error}>
      {(control) => (
        <Select {...control} required value={value} onChange={(event) => onChange(event.target.value)}>
          {!known && <option value={value}>{value}</option>}
          {hardware.map(({ sku, name, price_micros_per_second: price }) => (
            <option key={sku} value={sku}>
              {name} ({sku}), {formatPrice(price)} a second
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
