/* Choosing a patient by typing: a combobox with a list of those found (ARIA APG, list autocomplete). */
import type { Patient, Reference } from "fhir/r4";
import { useEffect, useId, useState } from "preact/hooks";
import { useLate, usePatients } from "../../data/patients";
import { nameText } from "../../fhir/person";
import { useLanguage } from "../../i18n";

interface Props {
  chosen: Reference | undefined;
  words: string;
  /* What stands in the field, and whom it means: nobody while it is being typed. */
  onValue: (words: string, patient: Reference | undefined) => void;
  fault: string | undefined;
  inputRef: { current: HTMLInputElement | null };
}

export function PatientPicker(props: Props) {
  const { t } = useLanguage();
  const id = useId();
  const [active, setActive] = useState(0);
  const [open, setOpen] = useState(false);
  const asked = useLate(props.words, 120);
  const patients = usePatients(asked);
  const list = patients.data?.found.slice(0, 8) ?? [];
  const settled = asked === props.words && patients.isSuccess && !patients.isPlaceholderData;
  const [wanted, setWanted] = useState(false); /* Enter came before the answer did */
  const shown = open && !props.chosen && asked.trim() !== "";

  function take(patient: Patient | undefined) {
    if (!patient) return;
    const display = nameText(patient, t);
    props.onValue(display, { reference: `Patient/${patient.id}`, display });
    setOpen(false);
  }

  useEffect(() => {
    if (!wanted || !settled) return;
    setWanted(false);
    take(list[active]);
  }, [wanted, settled]);

  function pressed(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.length) {
      event.preventDefault();
      setOpen(true);
      setActive((active + step + list.length) % list.length);
    } else if (event.key === "Enter" && open && props.words.trim() && !props.chosen) {
      event.preventDefault();
      setWanted(true);
    } else if (event.key === "Escape" && shown) {
      event.stopPropagation();
      setOpen(false);
    }
  }

  return (
    <div class="field wide picker">
      <label for={id}>{t("patient")} *</label>
      <input
        id={id}
        name="patient"
        role="combobox"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && list[active] ? `${id}-${active}` : undefined}
        aria-invalid={props.fault ? "true" : undefined}
        aria-describedby={props.fault ? `${id}-fault` : undefined}
        autocomplete="off"
        value={props.words}
        ref={props.inputRef}
        onInput={(event) => {
          props.onValue(event.currentTarget.value, undefined);
          setActive(0);
          setOpen(true);
          setWanted(false);
        }}
        onKeyDown={pressed}
        onBlur={() => setOpen(false)}
      />
      <div id={`${id}-list`} role="listbox" aria-label={t("patients")} hidden={!shown}>
        {shown &&
          list.map((patient, at) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the active option
            // biome-ignore lint/a11y/useKeyWithClickEvents: as above
            <div
              key={patient.id}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === active}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(patient)}
            >
              <strong>{nameText(patient, t)}</strong>
              <span>{patient.birthDate}</span>
            </div>
          ))}
        {shown && patients.isSuccess && list.length === 0 && (
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div class="hint" role="option" aria-selected={false} aria-disabled={true}>
            {t("noneFound", { words: asked })}
          </div>
        )}
      </div>
      {props.fault && (
        <div class="fault" id={`${id}-fault`}>
          {props.fault}
        </div>
      )}
    </div>
  );
}
