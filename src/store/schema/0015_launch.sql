-- Apps that are started from the record: what the person was at, told to one app, once.
ALTER TABLE client ADD COLUMN first_party @INT@ NOT NULL DEFAULT 0;
ALTER TABLE client ADD COLUMN launch_uri @TEXT@ NOT NULL DEFAULT '';
ALTER TABLE app ADD COLUMN context @TEXT@ NOT NULL DEFAULT '';

CREATE TABLE launch (
    hash    @BYTES@ NOT NULL PRIMARY KEY,
    login   @INT@ NOT NULL,
    client  @TEXT@ NOT NULL,
    patient @TEXT@ NOT NULL,
    context @TEXT@ NOT NULL,
    ends_at @INT@ NOT NULL,
    used_at @INT@ NOT NULL
) @CLUSTERED@;
CREATE INDEX launch_end ON launch (ends_at);
