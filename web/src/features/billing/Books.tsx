/* What the practice is owed, by age, and what moved today. */
import { Link } from "wouter-preact";
import { type Owing, type Sum, useAgeing, useDayClose } from "../../data/billing";
import { usePatient } from "../../data/patients";
import { nameText } from "../../fhir/person";
import { useLanguage } from "../../i18n";
import { Trouble } from "../../ui/Trouble";
import { methods, moneyText, sums, word } from "./money";

function OwingRow(props: { owing: Owing }) {
  const { language, t } = useLanguage();
  const held = usePatient(props.owing.patient);
  const name = held.isSuccess ? nameText(held.data.resource, t) : t("loading");
  return (
    <tr>
      <th scope="row">
        <Link href={`/patients/${props.owing.patient}/account`}>{name}</Link>
      </th>
      {props.owing.ages.map((money, at) => (
        <td key={at}>{money.value ? moneyText(money, language) : "–"}</td>
      ))}
    </tr>
  );
}

function Ageing(props: { rows: Owing[] }) {
  const { t } = useLanguage();
  if (props.rows.length === 0) return <p class="hint">{t("ageingNone")}</p>;
  return (
    <div class="wide">
      <table class="differs">
        <thead>
          <tr>
            <th scope="col">{t("patient")}</th>
            {["0–30", "31–60", "61–90"].map((days) => (
              <th scope="col" key={days}>
                {t("ageTo", { days })}
              </th>
            ))}
            <th scope="col">{t("ageOver")}</th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map((owing, at) => (
            <OwingRow key={at} owing={owing} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Day(props: { rows: Sum[] }) {
  const { language, t } = useLanguage();
  if (props.rows.length === 0) return <p class="hint">{t("dayCloseNone")}</p>;
  return (
    <dl class="facts">
      {props.rows.map((sum) => (
        <>
          <dt>
            {[word(sums, sum.name, t), word(methods, sum.method, t)].filter(Boolean).join(", ")}
          </dt>
          <dd>{moneyText(sum.amount, language)}</dd>
        </>
      ))}
    </dl>
  );
}

export function Books() {
  const { t } = useLanguage();
  const ageing = useAgeing();
  const day = useDayClose();
  return (
    <>
      <h1>{t("accounts")}</h1>
      <section class="panel">
        <h2>{t("dayClose")}</h2>
        {day.isError && <Trouble error={day.error} again={() => void day.refetch()} />}
        {day.isSuccess && <Day rows={day.data} />}
      </section>
      <section class="panel">
        <h2>{t("ageing")}</h2>
        {ageing.isError && <Trouble error={ageing.error} again={() => void ageing.refetch()} />}
        {ageing.isSuccess && <Ageing rows={ageing.data} />}
      </section>
    </>
  );
}
