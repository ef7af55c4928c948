/* What is charged and paid, as the screens want it. */
import { useQuery, useQueryClient } from "@tanstack/preact-query";
import type {
  Appointment,
  DocumentReference,
  Invoice,
  Money,
  Parameters,
  ParametersParameter,
} from "fhir/r4";
import { perform, report, search } from "../fhir/client";

export interface Account {
  owes: Money;
  held: Money;
  open: Map<string, number> /* by Invoice/… */;
  movements: Movement[];
}

export interface Movement {
  date: string;
  kind: string;
  number: string;
  method: string;
  amount: Money;
}

const none: Money = { value: 0, currency: "CAD" };

function part(
  of: ParametersParameter | undefined,
  name: string,
): ParametersParameter | undefined {
  return of?.part?.find((one) => one.name === name);
}

function named(from: Parameters, name: string): ParametersParameter[] {
  return (from.parameter ?? []).filter((one) => one.name === name);
}

function accountOf(said: Parameters): Account {
  const open = new Map<string, number>();
  for (const one of named(said, "open"))
    open.set(
      part(one, "invoice")?.valueReference?.reference ?? "",
      part(one, "amount")?.valueMoney?.value ?? 0,
    );
  return {
    owes: named(said, "balance")[0]?.valueMoney ?? none,
    held: named(said, "held")[0]?.valueMoney ?? none,
    open,
    movements: named(said, "entry").map((one) => ({
      date: part(one, "date")?.valueDate ?? "",
      kind: part(one, "kind")?.valueCode ?? "",
      number: part(one, "number")?.valueString ?? "",
      method: part(one, "method")?.valueCode ?? "",
      amount: part(one, "amount")?.valueMoney ?? none,
    })),
  };
}

export function useAccount(patient: string) {
  return useQuery({
    queryKey: ["billing", "account", patient],
    queryFn: async ({ signal }) =>
      accountOf(await report(`Patient/${patient}/$account`, signal)),
  });
}

const visitSystem = "urn:hale:visit";
const numberSystem = "urn:hale:invoice-number";

export function invoiceNumber(invoice: Invoice): string {
  return invoice.identifier?.find((one) => one.system === numberSystem)?.value ?? "";
}

/* The invoices of a patient, and the visits that have none. */
export function useInvoices(patient: string) {
  return useQuery({
    queryKey: ["billing", "invoices", patient],
    queryFn: async ({ signal }) => {
      const [invoices, visits] = await Promise.all([
        search<Invoice>(
          "Invoice",
          [
            ["subject", `Patient/${patient}`],
            ["_count", "200"],
          ],
          signal,
        ),
        search<Appointment>(
          "Appointment",
          [
            ["patient", `Patient/${patient}`],
            ["status", "arrived,checked-in,fulfilled,noshow"],
            ["_sort", "-date"],
            ["_count", "50"],
          ],
          signal,
        ),
      ]);
      const billed = new Set(
        invoices.found
          .filter((one) => one.status !== "cancelled")
          .flatMap((one) => one.identifier ?? [])
          .filter((one) => one.system === visitSystem)
          .map((one) => one.value),
      );
      return {
        invoices: invoices.found,
        visits: visits.found.filter((one) => !billed.has(one.id)),
      };
    },
  });
}

/* After something moved: what is shown of money is asked for anew. */
export function useMoved(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["billing"] });
}

/* The day where the person is: money is booked on it. */
function today(): ParametersParameter {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, "0");
  return {
    name: "date",
    valueDate: `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`,
  };
}

export async function makeInvoice(visit: string): Promise<void> {
  await perform(`Appointment/${visit}/$invoice`, [today()]);
}

export async function issueInvoice(invoice: string): Promise<void> {
  await perform(`Invoice/${invoice}/$issue`, [today()]);
}

export async function cancelInvoice(invoice: string, reason: string): Promise<void> {
  await perform(`Invoice/${invoice}/$cancel`, [
    today(),
    { name: "reason", valueString: reason },
  ]);
}

export async function pay(
  patient: string,
  invoice: string,
  amount: number,
  owed: number,
  method: string,
  form: string,
): Promise<void> {
  await perform(`Patient/${patient}/$pay`, [
    today(),
    /* sent again after an answer that was lost, the same payment is the same */
    { name: "intent", valueString: `${form}-${Math.round(amount * 100)}-${method}` },
    { name: "amount", valueDecimal: amount },
    { name: "method", valueCode: method },
    {
      name: "allocation",
      part: [
        { name: "invoice", valueReference: { reference: `Invoice/${invoice}` } },
        { name: "amount", valueDecimal: Math.min(amount, owed) },
      ],
    },
  ]);
}

/* The paper: the original the first time it is asked for, a copy marked as such from then on. */
export async function paper(invoice: string, language: string): Promise<Blob> {
  const { resource, fresh } = await perform<DocumentReference>(`Invoice/${invoice}/$receipt`, [
    today(),
    { name: "language", valueCode: language },
  ]);
  const data = resource.content[fresh ? 0 : 1]?.attachment.data ?? "";
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "application/pdf" });
}

export interface Owing {
  patient: string;
  ages: Money[];
}

const ages = ["0-30", "31-60", "61-90", "over-90"];

export function useAgeing() {
  return useQuery({
    queryKey: ["billing", "ageing"],
    queryFn: async ({ signal }): Promise<Owing[]> =>
      named(await report("Invoice/$ageing", signal), "owing").map((one) => ({
        patient: part(one, "patient")?.valueReference?.reference?.split("/")[1] ?? "",
        ages: ages.map((age) => part(one, age)?.valueMoney ?? none),
      })),
  });
}

export interface Sum {
  name: string;
  method: string;
  amount: Money;
}

export function useDayClose() {
  const date = today().valueDate ?? "";
  return useQuery({
    queryKey: ["billing", "day", date],
    queryFn: async ({ signal }): Promise<Sum[]> =>
      ((await report(`Invoice/$day-close?date=${date}`, signal)).parameter ?? [])
        .filter((one) => one.part)
        .map((one) => ({
          name: one.name,
          method: part(one, "method")?.valueCode ?? "",
          amount: part(one, "amount")?.valueMoney ?? none,
        })),
  });
}
