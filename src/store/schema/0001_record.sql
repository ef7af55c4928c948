-- The record: one append-only table that is the truth, and what is derived from it for finding.
-- Words in @…@ are put in by the driver (db_translate); docs/data.md tells each table's story.

CREATE TABLE setting (
    name  @TEXT@ NOT NULL PRIMARY KEY,
    value @TEXT@ NOT NULL
) @CLUSTERED@;

-- zstd dictionaries. A version names the one its body needs; none is ever changed or removed.
CREATE TABLE dictionary (
    number @KEY@,
    bytes  @BYTES@ NOT NULL
) @HEAP@;

-- Truth: every accepted version of every resource. body is the compressed remainder of the text
-- (fhir/draft.h), empty for a deletion. id is packed: 0x01 and 16 bytes for a UUID.
CREATE TABLE version (
    seq        @KEY@,
    practice   @INT@ NOT NULL,
    type       @INT@ NOT NULL,
    id         @BYTES@ NOT NULL,
    rid        @INT@ NOT NULL,
    version    @INT@ NOT NULL,
    prior_seq  @INT@ NOT NULL,
    at         @INT@ NOT NULL,
    method     @INT@ NOT NULL,
    author     @INT@ NOT NULL,
    dictionary @INT@ NOT NULL,
    body       @BYTES@ NOT NULL
) @HEAP@;
CREATE INDEX version_type ON version (type, seq);

-- Truth: who did what, one row for the records of one commit (store/audit.c). place numbers the
-- first of them.
CREATE TABLE audit (
    place   @KEY@,
    records @BYTES@ NOT NULL
) @HEAP@;

-- Truth: what bearer tokens may do; the token itself is not kept.
CREATE TABLE grant_token (
    number   @KEY@,
    hash     @BYTES@ NOT NULL UNIQUE,
    scopes   @TEXT@ NOT NULL,
    patient  @TEXT@ NOT NULL,
    name     @TEXT@ NOT NULL,
    made_at  @INT@ NOT NULL,
    ends_at  @INT@ NOT NULL,
    revoked  @INT@ NOT NULL
) @HEAP@;

-- rid: a small number for each resource that is there, was there, or is referred to. Type 0 holds
-- addresses of what is elsewhere.
CREATE TABLE identity (
    practice @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    id       @BYTES@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, type, id)
) @CLUSTERED@;

-- Numbers for what repeats: search parameters; codes, their systems (system 0) and addresses.
CREATE TABLE param (
    number @KEY@,
    type   @INT@ NOT NULL,
    code   @TEXT@ NOT NULL,
    UNIQUE (type, code)
) @HEAP@;

CREATE TABLE token (
    number @KEY@,
    system @INT@ NOT NULL,
    code   @TEXT@ NOT NULL
) @HEAP@;
CREATE UNIQUE INDEX token_code ON token (code, system);
CREATE INDEX token_system ON token (system);
