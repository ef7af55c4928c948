/* A coded value: letters find codes in the practice's code systems, and what is not found is kept as the
 * text that was typed. A combobox with a list (WAI-ARIA, list autocomplete with manual selection). */
import { useQuery } from "@tanstack/preact-query";
import type { CodeableConcept, Coding } from "fhir/r4";
import { useEffect, useId, useState } from "preact/hooks";
import { conceptOf, conceptText, type Source, systemName } from "../fhir/codes";
import { pick } from "../fhir/terminology";
import { useLanguage } from "../i18n";

interface Props {
  label: string;
  value: CodeableConcept | undefined;
  onValue: (value: CodeableConcept | undefined) => void;
  source: Source;
  required?: boolean | undefined;
  fault?: string | undefined;
  name?: string | undefined;
}

const pauseMs = 120;

/* What the source offers for the words, a moment after the last letter. */
function useOffers(source: Source, typed: string, open: boolean) {
  const [words, setWords] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setWords(typed), pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const filter = words.trim();
  return useQuery({
    queryKey: ["codes", source, filter],
    queryFn: async ({ signal }) => (await pick(source, filter, signal)) ?? null,
    enabled: open && filter.length >= 2,
    staleTime: 300_000,
  });
}

function codeLine(coding: Coding | undefined): string {
  return coding?.code ? `${systemName(coding.system)} ${coding.code}` : "";
}

export function CodePicker(props: Props) {
  const { t } = useLanguage();
  const id = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const text = conceptText(props.value);
  const offers = useOffers(props.source, text, open);
  const list = (open && offers.data) || [];
  const coding = props.value?.coding?.[0];

  const choose = (one: Coding) => {
    props.onValue(conceptOf(one));
    setOpen(false);
    setAt(-1);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (list.length)
        setAt((at + step + list.length + (at < 0 && step < 0 ? 1 : 0)) % list.length);
    } else if (event.key === "Enter" && open && list[at]) {
      event.preventDefault();
      choose(list[at]);
    } else if (event.key === "Escape" && open && list.length) {
      event.stopPropagation();
      setOpen(false);
      setAt(-1);
    }
  };
  const hint = coding
    ? codeLine(coding)
    : offers.data === null
      ? t("codesNone")
      : text
        ? t("codesFree")
        : t("codesHint");

  return (
    <div class="field codepicker">
      <label for={id}>
        {props.label}
        {props.required ? " *" : ""}
      </label>
      <input
        id={id}
        name={props.name}
        role="combobox"
        autocomplete="off"
        aria-expanded={list.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={list[at] ? `${id}-${at}` : undefined}
        aria-invalid={props.fault ? "true" : undefined}
        aria-describedby={`${id}-hint${props.fault ? ` ${id}-fault` : ""}`}
        required={props.required ?? false}
        value={text}
        onInput={(event) => {
          const typed = event.currentTarget.value;
          props.onValue(typed ? { text: typed } : undefined);
          setOpen(true);
          setAt(-1);
        }}
        onKeyDown={pressed}
        onBlur={() => setOpen(false)}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={props.label}
        class="offers"
        hidden={list.length === 0}
      >
        {list.map((one, number) => (
          <div
            key={`${one.system} ${one.code}`}
            id={`${id}-${number}`}
            role="option"
            tabIndex={-1}
            aria-selected={number === at}
            onPointerDown={(event) => {
              event.preventDefault();
              choose(one);
            }}
          >
            {one.display ?? one.code} <small>{codeLine(one)}</small>
          </div>
        ))}
      </div>
      <div class="hint" id={`${id}-hint`} aria-live="polite">
        {offers.isError ? t("codesFailed") : hint}
      </div>
      {props.fault && (
        <div class="fault" id={`${id}-fault`}>
          {props.fault}
        </div>
      )}
    </div>
  );
}
