/* Whose chart this is, at every scroll position: name, age, pronouns, allergies, alerts, who may see. */
import type { Consent, Patient } from "fhir/r4";
import { Link } from "wouter-preact";
import type { Resources } from "../../data/chart";
import { age, genders, nameText, pronounsOf } from "../../fhir/person";
import { conceptText } from "../../fhir/codes";
import { useLanguage } from "../../i18n";
import { reviewOf, saysNone } from "./review";
import { alertSection, allergySection, entriesOf, reactionText } from "./sections";

function withheld(all: Resources): number {
  return ((all.get("Consent") ?? []) as Consent[]).filter(
    (one) => one.provision?.type === "deny" || one.provision?.provision?.length,
  ).length;
}

function Allergies(props: { all: Resources }) {
  const { t } = useLanguage();
  const { current } = entriesOf(allergySection, props.all);
  const real = current.filter((one) => !saysNone(one));
  if (real.length)
    return (
      <strong class="allergies">
        ⚠ {t("chartAllergiesAre")}{" "}
        {real
          .map((one) => {
            const reaction = reactionText(one);
            const name = allergySection.title(one, props.all, t);
            return reaction ? `${name} (${reaction})` : name;
          })
          .join(", ")}
      </strong>
    );
  const none = current.length > 0 || reviewOf(allergySection, current, props.all)?.none;
  return (
    <span>
      {t("chartAllergiesAre")} {t(none ? "chartNoneKnown" : "chartNotAsked")}
    </span>
  );
}

export function ChartBanner(props: { patient: Patient; all: Resources; refused: boolean }) {
  const { t } = useLanguage();
  const { patient, all } = props;
  const limits = withheld(all);
  return (
    <section class="banner stays" aria-label={t("chartBanner")}>
      <h1>
        <Link href={`/patients/${patient.id}`}>{nameText(patient, t)}</Link>
      </h1>
      <span>
        {patient.birthDate ?? t("notKnown")}
        {patient.birthDate && `, ${t("years", { count: age(patient.birthDate, new Date()) })}`}
      </span>
      {patient.gender && <span>{t(genders[patient.gender])}</span>}
      {pronounsOf(patient) && <span>{pronounsOf(patient)}</span>}
      {!props.refused && <Allergies all={all} />}
      {entriesOf(alertSection, all).current.map((flag) => (
        <strong class="alert" key={flag.id}>
          ⚑ {conceptText((flag as { code?: Parameters<typeof conceptText>[0] }).code)}
        </strong>
      ))}
      <span class="hint">
        {t("chartSeenBy")}
        {limits > 0 && ` · ${t("chartLimited", { count: limits })}`}
      </span>
    </section>
  );
}
