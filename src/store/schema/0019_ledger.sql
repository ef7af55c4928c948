-- Money, in double entry: what was charged, paid, allocated, given back, credited and written off. Rows are only
-- ever added (store/ledger.c checks each write). Amounts are cents; debits are positive, credits negative, and the
-- lines of an entry add up to nothing. kind, account and series: store/ledger.h.

CREATE TABLE ledger_entry (
    number        @KEY@,
    practice      @INT@ NOT NULL,
    kind          @INT@ NOT NULL,
    at            @INT@ NOT NULL,
    day           @INT@ NOT NULL,
    author        @INT@ NOT NULL,
    series        @INT@ NOT NULL,
    series_number @INT@ NOT NULL,
    currency      @TEXT@ NOT NULL,
    reason        @TEXT@ NOT NULL
) @HEAP@;
CREATE UNIQUE INDEX ledger_entry_series ON ledger_entry (practice, series, series_number)
    WHERE series > 0;

-- patient and invoice are resources' numbers, with their types, because permission is asked by them; 0: none.
CREATE TABLE ledger_line (
    entry         @INT@ NOT NULL,
    place         @INT@ NOT NULL,
    practice      @INT@ NOT NULL,
    account       @INT@ NOT NULL,
    cents         @INT@ NOT NULL,
    patient_type  @INT@ NOT NULL,
    patient       @INT@ NOT NULL,
    patient_id    @TEXT@ NOT NULL,
    invoice_type  @INT@ NOT NULL,
    invoice       @INT@ NOT NULL,
    invoice_id    @TEXT@ NOT NULL,
    document      @TEXT@ NOT NULL,
    party         @TEXT@ NOT NULL,
    method        @TEXT@ NOT NULL,
    day           @INT@ NOT NULL,
    PRIMARY KEY (entry, place)
) @CLUSTERED@;
CREATE INDEX ledger_line_patient ON ledger_line (practice, patient_id);
CREATE INDEX ledger_line_invoice ON ledger_line (practice, invoice_id);
CREATE INDEX ledger_line_document ON ledger_line (practice, document);
CREATE INDEX ledger_line_day ON ledger_line (practice, day);

-- Resources that show what is in the ledger: they change only together with it.
CREATE TABLE ledger_seal (
    practice @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, type, rid)
) @CLUSTERED@;
