-- What a code carries for the token that says who the person is (OpenID Connect), and the keys such
-- tokens are signed with: published from the beginning, used from signs_at on, gone at ends_at.
ALTER TABLE app_code ADD COLUMN nonce @TEXT@ NOT NULL DEFAULT '';
ALTER TABLE app_code ADD COLUMN proved_at @INT@ NOT NULL DEFAULT 0;

CREATE TABLE oauth_key (
    kid      @TEXT@ NOT NULL PRIMARY KEY,
    secret   @BYTES@ NOT NULL,
    made_at  @INT@ NOT NULL,
    signs_at @INT@ NOT NULL,
    ends_at  @INT@ NOT NULL
) @CLUSTERED@;
