-- The Consents in force that withhold something: what is withheld is compiled from that version.
CREATE TABLE directive (
    rid      @KEY@,
    practice @INT@ NOT NULL,
    seq      @INT@ NOT NULL
) @HEAP@;
