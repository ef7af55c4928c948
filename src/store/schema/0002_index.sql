-- What is made from the log for finding, and can be made from it anew: @NEXT@ is empty, or a prefix
-- while that is done beside the tables in use (hale reindex).

-- The newest version of what is there; of what was deleted.
CREATE TABLE @NEXT@current (
    practice @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    seq      @INT@ NOT NULL,
    PRIMARY KEY (practice, type, rid)
) @CLUSTERED@;

CREATE TABLE @NEXT@gone (
    practice @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    seq      @INT@ NOT NULL,
    PRIMARY KEY (practice, type, rid)
) @CLUSTERED@;

-- What search looks at: a row for each value of each search parameter of each resource that is
-- there. Where values are looked for in ranges, the rows can be found by resource, too; the
-- names of those indices carry how often the tables were made.

CREATE TABLE @NEXT@index_token (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    token    @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, token, rid)
) @CLUSTERED@;

CREATE TABLE @NEXT@index_identifier (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    value    @TEXT@ NOT NULL,
    system   @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, value, system, rid)
) @CLUSTERED@;

CREATE TABLE @NEXT@index_reference (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    target   @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, target, rid)
) @CLUSTERED@;
CREATE INDEX index_reference_rid_@SERIAL@ ON @NEXT@index_reference (rid, param);

-- The interval low <= t < low + span, in microseconds.
CREATE TABLE @NEXT@index_date (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    low      @INT@ NOT NULL,
    span     @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, low, span, rid)
) @CLUSTERED@;
CREATE INDEX index_date_rid_@SERIAL@ ON @NEXT@index_date (rid, param);
-- What lasts longer than 100,000 seconds, by its end: all else begins little before what it reaches.
CREATE INDEX IF NOT EXISTS index_date_long_@SERIAL@ ON @NEXT@index_date
    (practice, param, (low + span)) WHERE span > 100000000000;

-- exact is empty where it is the same as folded.
CREATE TABLE @NEXT@index_string (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    folded   @TEXT@ NOT NULL,
    exact    @TEXT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, folded, exact, rid)
) @CLUSTERED@;
CREATE INDEX index_string_rid_@SERIAL@ ON @NEXT@index_string (rid, param);

CREATE TABLE @NEXT@index_number (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    value    @REAL@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, value, rid)
) @CLUSTERED@;
CREATE INDEX index_number_rid_@SERIAL@ ON @NEXT@index_number (rid, param);

-- unit: token of system and code; word: token of the unit's text where that differs from the code.
-- below, above: how far a Range, or a value with a comparator, reaches to both sides.
CREATE TABLE @NEXT@index_quantity (
    practice @INT@ NOT NULL,
    param    @INT@ NOT NULL,
    value    @REAL@ NOT NULL,
    unit     @INT@ NOT NULL,
    word     @INT@ NOT NULL,
    below    @REAL@ NOT NULL,
    above    @REAL@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, param, value, unit, word, below, above, rid)
) @CLUSTERED@;
CREATE INDEX index_quantity_rid_@SERIAL@ ON @NEXT@index_quantity (rid, param);

-- Whose record a resource is in, as it is now (of a deleted one: as it last was).
CREATE TABLE @NEXT@compartment (
    practice @INT@ NOT NULL,
    patient  @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    PRIMARY KEY (practice, patient, rid)
) @CLUSTERED@;

CREATE TABLE @NEXT@label (
    practice @INT@ NOT NULL,
    token    @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    PRIMARY KEY (practice, token, rid)
) @CLUSTERED@;
