-- The register of breaches: what was found out and done, entry by entry; none is changed or taken out.
CREATE TABLE breach (
    place    @KEY@,
    number   @INT@ NOT NULL,
    made_at  @INT@ NOT NULL,
    made_by  @TEXT@ NOT NULL,
    kind     @TEXT@ NOT NULL,
    value    @TEXT@ NOT NULL,
    words    @TEXT@ NOT NULL,
    login    @TEXT@ NOT NULL,
    from_at  @INT@ NOT NULL,
    until_at @INT@ NOT NULL
) @HEAP@;
