import type {
  ArrayFieldItemTemplateProps,
  ArrayFieldTemplateProps,
  FieldTemplateProps,
  ObjectFieldTemplateProps,
} from '@rjsf/utils';
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { Button, IconButton } from '../../../ui/button.tsx';
import type { Control } from './controls.ts';
import { givenOf } from './form-schema.ts';
import { hintOf } from './hints.ts';

/** Inputs one under the other. The root has neither a name nor a description of its own. */
export const ObjectTemplate = ({ properties }: ObjectFieldTemplateProps) => (
  <div className="flex flex-col gap-5">{properties.map(({ content }) => content)}</div>
);

/** A named input with what is allowed and what is wrong with it. The whole form and items of a list have no name. */
export function FieldTemplate({ id, label, required, rawErrors, uiSchema, schema, children }: FieldTemplateProps) {
  const given = givenOf(uiSchema);
  const isItem = /_\d+$/.test(id);
  if (given === undefined || isItem) {
    return (
      <div className="min-w-0">
        {children}
        {isItem && <Wrong id={id} errors={rawErrors} />}
      </div>
    );
  }
  const { type, allowed } = hintOf(given.field);
  const Name = hasOneElement(given.control) ? 'label' : 'span';
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <div className="flex items-baseline justify-between gap-3">
        <Name
          id={`${id}-name`}
          {...(Name === 'label' && { htmlFor: id })}
          className="min-w-0 font-mono text-[13px] font-medium"
        >
          {label}
          {required && <span className="text-danger"> *</span>}
        </Name>
        <span className="shrink-0 text-xs text-ink-muted">{type}</span>
      </div>
      {schema.description !== undefined && (
        <p id={`${id}-hint`} className="text-[13px] whitespace-pre-line text-ink-muted [overflow-wrap:anywhere]">
          {schema.description}
        </p>
      )}
      {children}
      {allowed !== null && <p className="text-xs text-ink-muted">{allowed}</p>}
      <Wrong id={id} errors={rawErrors} />
    </div>
  );
}

/** Whether a label can point at it; what consists of several controls is a group with the name. */
const hasOneElement = (control: Control): boolean => !['list', 'files', 'file', 'switch'].includes(control.kind);

const Wrong = ({ id, errors = [] }: { id: string; errors: readonly string[] | undefined }) =>
  errors.length > 0 && (
    <p id={`${id}-wrong`} role="alert" className="text-[13px] text-danger [overflow-wrap:anywhere]">
      {errors.join('; ')}
    </p>
  );

export function ListTemplate({ items, canAdd, onAddClick, fieldPathId }: ArrayFieldTemplateProps) {
  return (
    <div role="group" aria-labelledby={`${fieldPathId.$id}-name`} className="flex flex-col gap-2">
      {items}
      {canAdd && (
        <Button
          size="sm"
          id={items.length === 0 ? fieldPathId.$id : undefined}
          icon={<Plus aria-hidden className="size-3.5" />}
          onClick={onAddClick}
          className="self-start"
        >
          Add an item
        </Button>
      )}
    </div>
  );
}

export function ItemTemplate({ children, buttonsProps: buttons, index, totalItems }: ArrayFieldItemTemplateProps) {
  return (
    <div className="flex items-start gap-1">
      <div className="min-w-0 flex-1">{children}</div>
      {totalItems > 1 && (
        <>
          <IconButton
            label={`Item ${index + 1} up`}
            size="sm"
            disabled={!buttons.hasMoveUp}
            onClick={buttons.onMoveUpItem}
          >
            <ArrowUp aria-hidden />
          </IconButton>
          <IconButton
            label={`Item ${index + 1} down`}
            size="sm"
            disabled={!buttons.hasMoveDown}
            onClick={buttons.onMoveDownItem}
          >
            <ArrowDown aria-hidden />
          </IconButton>
        </>
      )}
      <IconButton label={`Remove item ${index + 1}`} size="sm" onClick={buttons.onRemoveItem}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}
