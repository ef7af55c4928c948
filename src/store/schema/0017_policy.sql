-- The practice's own policy: each version whole, the newest in force; none: as shipped.
CREATE TABLE policy (
    number  @KEY@,
    made_at @INT@ NOT NULL,
    words   @TEXT@ NOT NULL
) @HEAP@;
