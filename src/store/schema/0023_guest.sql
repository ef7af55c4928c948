-- Visitors of the practice's page for booking: what their forms carry between two pages, and the link they
-- were sent. Digests only of what they bring; gone when the visit is over, or was never confirmed.
CREATE TABLE guest (
    hash        @BYTES@ NOT NULL PRIMARY KEY,
    link        @BYTES@ NOT NULL,
    page        @TEXT@ NOT NULL,
    appointment @TEXT@ NOT NULL,
    service     @TEXT@ NOT NULL,
    details     @TEXT@ NOT NULL,
    patient     @TEXT@ NOT NULL,
    code        @BYTES@ NOT NULL,
    tries       @INT@ NOT NULL,
    done        @INT@ NOT NULL,
    ends_at     @INT@ NOT NULL
) @CLUSTERED@;
CREATE INDEX guest_link ON guest (link);
CREATE INDEX guest_end ON guest (ends_at);
