/* Who a patient is: all that the front desk keeps. */
import type { Patient } from "fhir/r4";
import { Link } from "wouter-preact";
import { allows, sessionStore } from "../../auth/session";
import { usePatient } from "../../data/patients";
import { healthNumberText, issuerOf } from "../../fhir/healthNumber";
import { age, genders, nameText, pronounsOf } from "../../fhir/person";
import { type Language, type Translate, useLanguage } from "../../i18n";
import { Trouble } from "../../ui/Trouble";
import { healthNumbers } from "./patientDraft";

export function Banner(props: { patient: Patient }) {
  const { t } = useLanguage();
  const { patient } = props;
  return (
    <section class="banner">
      <h1>{nameText(patient, t)}</h1>
      <span>
        {patient.birthDate ?? t("notKnown")}
        {patient.birthDate && `, ${t("years", { count: age(patient.birthDate, new Date()) })}`}
      </span>
      {patient.gender && <span>{t(genders[patient.gender])}</span>}
      {pronounsOf(patient) && <span>{pronounsOf(patient)}</span>}
    </section>
  );
}

function facts(patient: Patient, language: Language, t: Translate): [string, string][] {
  const rows: [string, string][] = [];
  for (const contact of patient.telecom ?? [])
    rows.push([t(contact.system === "email" ? "email" : "phone"), contact.value ?? ""]);
  for (const address of patient.address ?? [])
    rows.push([
      t("address"),
      [
        ...(address.line ?? []),
        address.city,
        address.state,
        address.postalCode,
        address.country,
      ]
        .filter(Boolean)
        .join(", "),
    ]);
  for (const number of healthNumbers(patient)) {
    const issuer = issuerOf(number.system)?.[language];
    rows.push([
      t("healthNumber"),
      [healthNumberText(number), issuer].filter(Boolean).join(" · "),
    ]);
  }
  return rows.filter(([, value]) => value !== "");
}

export function PatientPage(props: { id: string }) {
  const { language, t } = useLanguage();
  const held = usePatient(props.id);
  const state = sessionStore.state();
  if (held.isError) return <Trouble error={held.error} again={() => void held.refetch()} />;
  if (!held.isSuccess) return <p class="empty">{t("loading")}</p>;
  const patient = held.data.resource;
  return (
    <>
      <Banner patient={patient} />
      <section class="panel">
        <div class="bar">
          <h2>{t("contact")}</h2>
          {state.kind === "signed-in" && allows(state.session, "Condition", "s") && (
            <Link class="button" href={`/patients/${props.id}/chart`}>
              {t("chart")}
            </Link>
          )}
          {state.kind === "signed-in" &&
            allows(state.session, "QuestionnaireResponse", "c") && (
              <Link class="button" href={`/patients/${props.id}/notes/new`}>
                {t("noteNew")}
              </Link>
            )}
          {state.kind === "signed-in" && allows(state.session, "Invoice", "r") && (
            <Link class="button plain" href={`/patients/${props.id}/account`}>
              {t("account")}
            </Link>
          )}
          {state.kind === "signed-in" && allows(state.session, "Patient", "u") && (
            <Link class="button plain" href={`/patients/${props.id}/edit`}>
              {t("edit")}
            </Link>
          )}
        </div>
        <dl class="facts">
          {facts(patient, language, t).map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
        {facts(patient, language, t).length === 0 && <p class="hint">{t("notKnown")}</p>}
      </section>
    </>
  );
}
