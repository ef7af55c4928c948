/* A labelled field with its hint and its fault, tied together for those who cannot see them. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: string | undefined;
  fault?: string | undefined;
  required?: boolean;
  type?: "text" | "email" | "tel" | "search";
  inputRef?: { current: HTMLInputElement | null };
  name?: string;
}

export function Field(props: Props) {
  const id = useId();
  const about = [props.hint && `${id}-hint`, props.fault && `${id}-fault`].filter(Boolean);
  return (
    <div class="field">
      <label for={id}>
        {props.label}
        {props.required ? " *" : ""}
      </label>
      <input
        id={id}
        name={props.name}
        type={props.type ?? "text"}
        value={props.value}
        required={props.required ?? false}
        autocomplete="off"
        aria-invalid={props.fault ? "true" : undefined}
        aria-describedby={about.join(" ") || undefined}
        ref={props.inputRef ?? null}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
      {props.hint && (
        <div class="hint" id={`${id}-hint`}>
          {props.hint}
        </div>
      )}
      {props.fault && (
        <div class="fault" id={`${id}-fault`}>
          {props.fault}
        </div>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  children: ComponentChildren;
}

export function Choice(props: ChoiceProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onValue(event.currentTarget.value)}
      >
        {props.children}
      </select>
    </div>
  );
}
