-- Passkeys (WebAuthn): what is kept is public, but for whose it is.

CREATE TABLE passkey (
    id      @BYTES@ NOT NULL PRIMARY KEY,
    login   @INT@ NOT NULL,
    handle  @BYTES@ NOT NULL,
    name    @TEXT@ NOT NULL,
    key     @BYTES@ NOT NULL,
    count   @INT@ NOT NULL,
    made_at @INT@ NOT NULL,
    used_at @INT@ NOT NULL
) @CLUSTERED@;
CREATE INDEX passkey_login ON passkey (login);
