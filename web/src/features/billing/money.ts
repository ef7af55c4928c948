/* Amounts and words about money on the screens. */
import type { Money } from "fhir/r4";
import type { Language, Translate } from "../../i18n";
import type { Key } from "../../i18n/en";

export function moneyText(money: Money, language: Language): string {
  return new Intl.NumberFormat(language === "fr" ? "fr-CA" : "en-CA", {
    style: "currency",
    currency: money.currency ?? "CAD",
    currencyDisplay: "narrowSymbol",
  }).format(money.value ?? 0);
}

export const methods: Record<string, Key> = {
  card: "methodCard",
  cash: "methodCash",
  "e-transfer": "methodTransfer",
  cheque: "methodCheque",
  insurer: "methodInsurer",
};

export const movements: Record<string, Key> = {
  charge: "moveCharge",
  payment: "movePayment",
  allocation: "moveAllocation",
  release: "moveRelease",
  refund: "moveRefund",
  credit: "moveCredit",
  "write-off": "moveWriteOff",
};

export const states: Record<string, Key> = {
  draft: "billDraft",
  issued: "billIssued",
  balanced: "billPaid",
  cancelled: "billCancelled",
};

export const sums: Record<string, Key> = {
  charged: "sumCharged",
  tax: "sumTax",
  received: "sumReceived",
  refunded: "sumRefunded",
  "written-off": "sumWrittenOff",
};

/* The word of a table for a code; the code itself where there is none. */
export function word(table: Record<string, Key>, code: string, t: Translate): string {
  const key = table[code];
  return key ? t(key) : code;
}

/* "12", "12.50" or "12,50", more than nothing; else undefined. */
export function amountOf(text: string): number | undefined {
  const found = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(text);
  if (!found) return undefined;
  const amount = Number(`${found[1]}.${(found[2] ?? "").padEnd(2, "0")}`);
  return amount > 0 ? amount : undefined;
}
