/* The day on paper: a table for each person or room, on screen only when it is printed. */
import { clockText } from "../../fhir/zone";
import { useLanguage } from "../../i18n";
import type { Column } from "./columns";
import { patientsText, stageKeys } from "./stages";

export function DaySheet(props: { columns: Column[]; dayText: (day: string) => string }) {
  const { t } = useLanguage();
  const busy = props.columns.filter((column) => column.standing.length > 0);
  return (
    <div class="sheet">
      {busy.map((column) => (
        <section key={column.key}>
          <h2>
            {props.dayText(column.day)} · {column.actor.name}
          </h2>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("time")}</th>
                <th scope="col">{t("patient")}</th>
                <th scope="col">{t("service")}</th>
                <th scope="col">{t("stage")}</th>
              </tr>
            </thead>
            <tbody>
              {column.standing.map((one) => (
                <tr key={one.visit.id}>
                  <td>
                    {clockText(one.from)}–{clockText(one.to)}
                  </td>
                  <td>{patientsText(one.visit, t)}</td>
                  <td>{one.visit.service}</td>
                  <td>{t(stageKeys[one.visit.stage])}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </div>
  );
}
