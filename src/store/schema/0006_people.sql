-- People who sign in, what they prove it with, and the apps they have let in. None of it is a
-- resource, so that nobody can write themselves into a chart. Secrets are kept as digests only,
-- but for the key of the one-time codes, which both sides must know.

CREATE TABLE login (
    number    @KEY@,
    name      @TEXT@ NOT NULL UNIQUE,
    role      @TEXT@ NOT NULL,
    linked    @TEXT@ NOT NULL,
    patient   @TEXT@ NOT NULL,
    until_at  @INT@ NOT NULL,
    password  @TEXT@ NOT NULL,
    device    @BYTES@ NOT NULL,
    totp      @BYTES@ NOT NULL,
    totp_step @INT@ NOT NULL,
    disabled  @INT@ NOT NULL,
    made_at   @INT@ NOT NULL
) @HEAP@;

CREATE TABLE recovery_code (
    login   @INT@ NOT NULL,
    hash    @BYTES@ NOT NULL,
    used_at @INT@ NOT NULL,
    PRIMARY KEY (login, hash)
) @CLUSTERED@;

CREATE TABLE login_link (
    hash    @BYTES@ NOT NULL PRIMARY KEY,
    login   @INT@ NOT NULL,
    ends_at @INT@ NOT NULL,
    used_at @INT@ NOT NULL
) @CLUSTERED@;

CREATE TABLE login_session (
    hash     @BYTES@ NOT NULL PRIMARY KEY,
    login    @INT@ NOT NULL,
    stage    @INT@ NOT NULL,
    made_at  @INT@ NOT NULL,
    seen_at  @INT@ NOT NULL,
    ended_at @INT@ NOT NULL
) @CLUSTERED@;
CREATE INDEX login_session_login ON login_session (login);

CREATE TABLE client (
    id        @TEXT@ NOT NULL PRIMARY KEY,
    name      @TEXT@ NOT NULL,
    secret    @BYTES@ NOT NULL,
    redirects @TEXT@ NOT NULL,
    scopes    @TEXT@ NOT NULL,
    disabled  @INT@ NOT NULL,
    made_at   @INT@ NOT NULL
) @CLUSTERED@;

-- What one login has allowed one client, from the consent to its end. All tokens made of it stand
-- and fall with it.
CREATE TABLE app (
    number     @KEY@,
    login      @INT@ NOT NULL,
    client     @TEXT@ NOT NULL,
    scopes     @TEXT@ NOT NULL,
    patient    @TEXT@ NOT NULL,
    session    @BYTES@ NOT NULL,
    made_at    @INT@ NOT NULL,
    ends_at    @INT@ NOT NULL,
    revoked_at @INT@ NOT NULL
) @HEAP@;
CREATE INDEX app_login ON app (login);

CREATE TABLE app_code (
    hash      @BYTES@ NOT NULL PRIMARY KEY,
    app       @INT@ NOT NULL,
    redirect  @TEXT@ NOT NULL,
    challenge @TEXT@ NOT NULL,
    ends_at   @INT@ NOT NULL,
    used_at   @INT@ NOT NULL
) @CLUSTERED@;

CREATE TABLE app_refresh (
    hash    @BYTES@ NOT NULL PRIMARY KEY,
    app     @INT@ NOT NULL,
    made_at @INT@ NOT NULL,
    used_at @INT@ NOT NULL
) @CLUSTERED@;

ALTER TABLE grant_token ADD COLUMN app @INT@ NOT NULL DEFAULT 0;
