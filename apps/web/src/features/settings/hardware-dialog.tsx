import type { WireHardware } from '@hearth/contract';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ComponentProps, type ReactNode, useState } from 'react';
import { api } from '../../api/client.ts';
import { fieldError } from '../../ui/error-words.ts';
import { Field, Input } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { Segments } from '../../ui/tabs.tsx';
import { toastDone } from '../../ui/toast.tsx';
import { type HardwareText, hardwareOfText, NEW_HARDWARE, textOfHardware } from './hardware-form.ts';
import { hardwareQuery } from './queries.ts';

const KINDS = [
  { id: 'whole', name: 'Whole GPUs' },
  { id: 'share', name: 'A share of one' },
  { id: 'none', name: 'No GPU' },
] as const;

/** Each field of the form, and what the API calls it. */
const WIRE_NAMES: Partial<Record<keyof HardwareText, string>> = {
  sku: 'sku',
  name: 'name',
  gpus: 'gpus',
  gpuShareMiB: 'gpu_share_mib',
  gpuType: 'gpu_type',
  vramMiB: 'vram_mib',
  cpus: 'cpus',
  memoryMiB: 'memory_mib',
  labels: 'labels',
  fallback: 'fallback',
  pricePerSecond: 'price_micros_per_second',
};

/** Makes a SKU, or changes one. */
export function HardwareDialog({ hardware, onClose }: { hardware: WireHardware | null; onClose: () => void }) {
  const [form, setForm] = useState(hardware === null ? NEW_HARDWARE : textOfHardware(hardware));
  const queries = useQueryClient();
  const saving = useMutation({
    mutationFn: () => api.hardware.put(hardwareOfText(form)),
    onSuccess: async ({ name }) => {
      onClose();
      toastDone(`${name} was saved`);
      await queries.invalidateQueries({ queryKey: hardwareQuery.queryKey });
    },
  });
  const set = (change: Partial<HardwareText>) => setForm({ ...form, ...change });

  /** One field of text or a number. */
  const field = (
    key: Exclude<keyof HardwareText, 'kind'>,
    label: string,
    { hint, ...input }: ComponentProps<'input'> & { hint?: ReactNode } = {},
  ) => (
    <Field
      label={label}
      hint={hint}
      required={input.required ?? false}
      error={fieldError(saving.error, WIRE_NAMES[key] ?? key)}
    >
      {(control) => (
        <Input {...input} {...control} value={form[key]} onChange={(event) => set({ [key]: event.target.value })} />
      )}
    </Field>
  );
  return (
    <FormDialog
      onClose={onClose}
      title={hardware === null ? 'New hardware' : `Change ${hardware.name}`}
      verb="Save"
      busy={saving.isPending}
      error={saving.error}
      fields={Object.values(WIRE_NAMES)}
      onSubmit={() => saving.mutate()}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {field('name', 'Name', { required: true, maxLength: 200 })}
        {field('sku', 'SKU', {
          required: true,
          disabled: hardware !== null,
          hint: 'As the API calls it, such as gpu-l40s.',
        })}
        <div className="sm:col-span-2">
          <Segments label="GPUs" options={KINDS} selected={form.kind} onSelect={(kind) => set({ kind })} />
        </div>
        {form.kind === 'whole' && field('gpus', 'GPUs', { type: 'number', min: 1, max: 64, required: true })}
        {form.kind === 'share' &&
          field('gpuShareMiB', 'Memory of the share, MiB', { type: 'number', min: 1, required: true })}
        {form.kind !== 'none' && (
          <>
            {field('gpuType', 'GPU type', { hint: 'Words of its name, such as A100 80GB. Empty: any.' })}
            {field('vramMiB', 'Memory of each GPU, MiB', { type: 'number', min: 0, hint: 'At least. Empty: any.' })}
          </>
        )}
        {field('cpus', 'CPUs', { type: 'number', min: 0, step: 'any', hint: 'Empty: no limit.' })}
        {field('memoryMiB', 'Memory, MiB', { type: 'number', min: 1, required: true })}
        {field('pricePerSecond', 'Price per second', {
          type: 'number',
          min: 0,
          step: 0.000001,
          required: true,
          hint: `In your currency: ${hourly(form.pricePerSecond)} an hour.`,
        })}
        {field('fallback', 'Fallback', { hint: 'SKUs to take where this has no room, in this order.' })}
        <div className="sm:col-span-2">
          {field('labels', 'Labels', {
            hint: 'What its hosts must be labelled with: name=value, separated by commas.',
          })}
        </div>
      </div>
    </FormDialog>
  );
}

const hourly = (perSecond: string): string => (Number(perSecond) * 3_600).toFixed(2);
