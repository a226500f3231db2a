import type { FieldSchema } from '@hearth/contract';
import { act } from 'react';
import { type Control, controlOf } from '../../src/features/playground/form/controls.ts';

/** Somebody at a form: finds what they see, presses and types. */
export interface Person {
  /** The element that an input's label leads to, or its first; null: there is none. */
  find(name: string): HTMLElement | null;
  fill(name: string, field: FieldSchema): void;
  empty(name: string, field: FieldSchema): void;
  submit(): void;
  /** What is said to be wrong with an input. */
  wrong(name: string): string | null;
}

const ADDRESS = 'https://example.com/a.png';

/** A value that fits, as it is typed. */
const typed = (field: FieldSchema): string => {
  if (field.pattern === '^[A-Z]{3}$') return 'XYZ';
  if (field.type === 'integer' || field.type === 'number') return String(field.maximum ?? field.minimum ?? 7);
  return 'some words';
};

const jsonFor = ({ type, items }: FieldSchema): string => {
  if (type === 'array') return items?.type === 'array' ? '[[1, 2], [3, 4]]' : '[1, "two"]';
  return '{"name": "Ada"}';
};

export function personAt(root: HTMLElement, formId: string): Person {
  const byId = (id: string) => root.querySelector<HTMLElement>(`#${id}`);
  const idOf = (name: string) => `${formId}_${name}`;
  const group = (name: string) => {
    const element = root.querySelector<HTMLElement>(`[aria-labelledby="${idOf(name)}-name"]`);
    if (element === null) throw new Error(`no group ${name}`);
    return element;
  };
  const set = (element: Element | null, value: string) => {
    if (
      !(
        element instanceof HTMLInputElement ||
        element instanceof HTMLTextAreaElement ||
        element instanceof HTMLSelectElement
      )
    ) {
      throw new Error('nothing to type into');
    }
    // React watches the property of the element itself; a person's key goes by it.
    const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), 'value');
    act(() => {
      own?.set?.call(element, value);
      element.dispatchEvent(new Event(element instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
    });
  };
  const press = (element: Element | null | undefined) => {
    if (!(element instanceof HTMLElement)) throw new Error('nothing to press');
    act(() => element.click());
  };
  const button = (within: HTMLElement, words: RegExp) =>
    [...within.querySelectorAll('button')].find((one) =>
      words.test(one.getAttribute('aria-label') ?? one.textContent ?? ''),
    );
  const paste = (element: HTMLElement | null, text: string) => {
    const event = Object.assign(new Event('paste', { bubbles: true }), {
      clipboardData: { files: [], getData: () => text },
    });
    act(() => {
      element?.dispatchEvent(event);
    });
  };
  const setOne = (id: string, field: FieldSchema, control: Control) => {
    switch (control.kind) {
      case 'choice':
        return set(byId(id), String(control.choices.length - 1));
      case 'json':
        return set(byId(id), jsonFor(field));
      default:
        return set(byId(id), typed(field));
    }
  };
  return {
    find: (name) => byId(idOf(name)),
    fill(name, field) {
      const control = controlOf(field);
      switch (control.kind) {
        case 'switch':
          return press(byId(idOf(name)));
        case 'file':
          press(button(group(name), /address/));
          return set(group(name).querySelector('input[placeholder]'), ADDRESS);
        case 'files':
          return paste(byId(idOf(name)), ADDRESS);
        case 'list': {
          press(button(group(name), /Add an item/));
          const rows = group(name).querySelectorAll('[aria-label^="Remove item"]').length;
          return setOne(`${idOf(name)}_${rows - 1}`, field.items ?? {}, control.item);
        }
        default:
          return setOne(idOf(name), field, control);
      }
    },
    empty(name, field) {
      const control = controlOf(field);
      switch (control.kind) {
        case 'switch':
          return undefined;
        case 'file':
        case 'files':
        case 'list':
          for (
            let remove = button(group(name), /^Remove/);
            remove !== undefined;
            remove = button(group(name), /^Remove/)
          ) {
            press(remove);
          }
          return undefined;
        default:
          return set(byId(idOf(name)), '');
      }
    },
    submit: () => {
      const form = byId(formId);
      if (!(form instanceof HTMLFormElement)) throw new Error('no form');
      act(() => form.requestSubmit());
    },
    wrong: (name) => byId(`${idOf(name)}-wrong`)?.textContent ?? null,
  };
}
