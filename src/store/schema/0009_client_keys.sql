-- Clients that prove who they are with a key of their own, and what such proofs were used: each
-- is good once (its jti), and is remembered until it would have ended anyway.
ALTER TABLE client ADD COLUMN keys @TEXT@ NOT NULL DEFAULT '';
ALTER TABLE client ADD COLUMN keys_uri @TEXT@ NOT NULL DEFAULT '';

CREATE TABLE client_assertion (
    hash    @BYTES@ NOT NULL PRIMARY KEY,
    ends_at @INT@ NOT NULL
) @CLUSTERED@;
CREATE INDEX client_assertion_end ON client_assertion (ends_at);
