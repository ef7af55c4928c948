/* What a patient owes and has paid; invoicing a visit, taking a payment, printing the receipt. */
import type { Appointment, Invoice } from "fhir/r4";
import { useState } from "preact/hooks";
import {
  cancelInvoice,
  invoiceNumber,
  issueInvoice,
  makeInvoice,
  type Movement,
  paper,
  pay,
  useAccount,
  useInvoices,
  useMoved,
} from "../../data/billing";
import { usePatient } from "../../data/patients";
import { useLanguage } from "../../i18n";
import { Choice, Field } from "../../ui/Field";
import { say, sayTrouble } from "../../ui/Toast";
import { Trouble, troubleText } from "../../ui/Trouble";
import { Banner } from "../desk/PatientPage";
import { amountOf, methods, moneyText, movements, states, word } from "./money";

/* Runs one deed at a time and says what went wrong. */
function useDeed(): [boolean, (deed: () => Promise<void>) => void] {
  const { t } = useLanguage();
  const moved = useMoved();
  const [busy, setBusy] = useState(false);
  return [
    busy,
    (deed) => {
      setBusy(true);
      deed()
        .then(moved, (error) => sayTrouble(troubleText(error, t)))
        .finally(() => setBusy(false));
    },
  ];
}

function show(blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.target = "_blank";
  link.rel = "noopener";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function PayForm(props: { patient: string; invoice: string; owed: number; done: () => void }) {
  const { t } = useLanguage();
  const [busy, run] = useDeed();
  const [text, setText] = useState(props.owed.toFixed(2));
  const [method, setMethod] = useState("card");
  const [form] = useState(() => crypto.randomUUID());
  const [fault, setFault] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const amount = amountOf(text);
    setFault(amount ? "" : t("wrongAmount"));
    if (amount)
      run(async () => {
        await pay(props.patient, props.invoice, amount, props.owed, method, form);
        say(t("billPaidNow"));
        props.done();
      });
  };
  return (
    <form class="fields" onSubmit={submit} noValidate>
      <Field
        label={t("amount")}
        name="amount"
        value={text}
        onValue={setText}
        fault={fault || undefined}
        required
      />
      <Choice label={t("method")} value={method} onValue={setMethod}>
        {Object.entries(methods).map(([code, key]) => (
          <option key={code} value={code}>
            {t(key)}
          </option>
        ))}
      </Choice>
      <div class="actions">
        <button type="submit" disabled={busy}>
          {t("save")}
        </button>
        <button type="button" class="plain" onClick={props.done}>
          {t("close")}
        </button>
      </div>
    </form>
  );
}

function CancelForm(props: { invoice: string; done: () => void }) {
  const { t } = useLanguage();
  const [busy, run] = useDeed();
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    setFault(reason.trim() ? "" : t("required"));
    if (reason.trim())
      run(async () => {
        await cancelInvoice(props.invoice, reason.trim());
        props.done();
      });
  };
  return (
    <form class="fields" onSubmit={submit} noValidate>
      <Field
        label={t("billCancelReason")}
        name="reason"
        value={reason}
        onValue={setReason}
        fault={fault || undefined}
        required
      />
      <div class="actions">
        <button type="submit" disabled={busy}>
          {t("billCancel")}
        </button>
        <button type="button" class="plain" onClick={props.done}>
          {t("close")}
        </button>
      </div>
    </form>
  );
}

function InvoiceRow(props: { patient: string; invoice: Invoice; owed: number }) {
  const { language, t } = useLanguage();
  const [busy, run] = useDeed();
  const [asking, setAsking] = useState<"pay" | "cancel">();
  const { invoice, owed } = props;
  const id = invoice.id ?? "";
  const total = invoice.totalGross ?? { value: 0, currency: "CAD" };
  const issued = invoice.status === "issued" || invoice.status === "balanced";
  const name = [t("invoice"), invoiceNumber(invoice)].filter(Boolean).join(" ");
  return (
    <li>
      <div class="bar">
        <div>
          <div class="bill">{name}</div>
          <span class="hint">
            {moneyText(total, language)} · {word(states, invoice.status, t)}
            {owed > 0 && owed !== total.value
              ? ` · ${t("accountOwes")} ${moneyText({ ...total, value: owed }, language)}`
              : ""}
          </span>
        </div>
        <div class="actions">
          {invoice.status === "draft" && (
            <button type="button" disabled={busy} onClick={() => run(() => issueInvoice(id))}>
              {t("billIssue")}
            </button>
          )}
          {owed > 0 && (
            <button type="button" onClick={() => setAsking("pay")}>
              {t("billPay")}
            </button>
          )}
          {issued && (
            <button
              type="button"
              class="plain"
              disabled={busy}
              onClick={() => run(async () => show(await paper(id, language)))}
            >
              {t(owed < (total.value ?? 0) ? "billReceipt" : "billPrintInvoice")}
            </button>
          )}
          {invoice.status !== "cancelled" && (
            <button
              type="button"
              class="plain"
              aria-label={`${t("billCancel")} ${invoiceNumber(invoice)}`}
              onClick={() => setAsking("cancel")}
            >
              {t("doCancel")}
            </button>
          )}
        </div>
      </div>
      {asking === "pay" && (
        <PayForm
          patient={props.patient}
          invoice={id}
          owed={owed}
          done={() => setAsking(undefined)}
        />
      )}
      {asking === "cancel" && <CancelForm invoice={id} done={() => setAsking(undefined)} />}
    </li>
  );
}

function VisitRow(props: { visit: Appointment }) {
  const { t } = useLanguage();
  const [busy, run] = useDeed();
  const { visit } = props;
  const service = visit.serviceType?.[0]?.text ?? visit.description ?? t("service");
  return (
    <li class="bar">
      <div>
        <div class="bill">{service}</div>
        <span class="hint">{visit.start?.slice(0, 10)}</span>
      </div>
      <button
        type="button"
        disabled={busy}
        onClick={() => run(() => makeInvoice(visit.id ?? ""))}
      >
        {t("billMake")}
      </button>
    </li>
  );
}

function Movements(props: { rows: Movement[] }) {
  const { language, t } = useLanguage();
  return (
    <table class="differs">
      <thead>
        <tr>
          <th scope="col">{t("day")}</th>
          <th scope="col">{t("stage")}</th>
          <th scope="col">{t("amount")}</th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row, at) => (
          <tr key={at}>
            <td>{row.date}</td>
            <td>
              {[word(movements, row.kind, t), row.number, word(methods, row.method, t)]
                .filter(Boolean)
                .join(" · ")}
            </td>
            <td>{moneyText(row.amount, language)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function AccountPage(props: { id: string }) {
  const { language, t } = useLanguage();
  const held = usePatient(props.id);
  const account = useAccount(props.id);
  const billed = useInvoices(props.id);
  for (const one of [held, account, billed])
    if (one.isError) return <Trouble error={one.error} again={() => void one.refetch()} />;
  if (!held.isSuccess || !account.isSuccess || !billed.isSuccess)
    return <p class="empty">{t("loading")}</p>;
  const { owes, held: ahead, open, movements: moves } = account.data;
  return (
    <>
      <Banner patient={held.data.resource} />
      <section class="panel">
        <h2>{t("account")}</h2>
        <dl class="facts">
          <dt>{t("accountOwes")}</dt>
          <dd>{moneyText(owes, language)}</dd>
          <dt>{t("accountHeld")}</dt>
          <dd>{moneyText(ahead, language)}</dd>
        </dl>
      </section>
      <section class="panel">
        <h2>{t("billVisits")}</h2>
        {billed.data.visits.length === 0 && <p class="hint">{t("billNoVisits")}</p>}
        <ul class="bills">
          {billed.data.visits.map((visit) => (
            <VisitRow key={visit.id} visit={visit} />
          ))}
        </ul>
      </section>
      <section class="panel">
        <h2>{t("invoices")}</h2>
        {billed.data.invoices.length === 0 && <p class="hint">{t("accountEmpty")}</p>}
        <ul class="bills">
          {billed.data.invoices.map((invoice) => (
            <InvoiceRow
              key={invoice.id}
              patient={props.id}
              invoice={invoice}
              owed={open.get(`Invoice/${invoice.id}`) ?? 0}
            />
          ))}
        </ul>
      </section>
      {moves.length > 0 && (
        <section class="panel">
          <h2>{t("accountMoves")}</h2>
          <Movements rows={moves} />
        </section>
      )}
    </>
  );
}
