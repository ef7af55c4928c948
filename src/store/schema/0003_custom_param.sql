-- The search parameters of the practice's own: what was made of each SearchParameter, one row for
-- each type. Numbers are of one series with those of `param`. state: 1 its rows are being made for
-- what was there before it (up to the resource `done`, `filled` of them), 2 it can be searched by,
-- 3 it is out of use since the place `done` in the log (its rows go with the next reindexing).
CREATE TABLE custom_param (
    number   @KEY@,
    practice @INT@ NOT NULL,
    rid      @INT@ NOT NULL,
    seq      @INT@ NOT NULL,
    type     @INT@ NOT NULL,
    code     @TEXT@ NOT NULL,
    way      @TEXT@ NOT NULL,
    state    @INT@ NOT NULL,
    done     @INT@ NOT NULL,
    filled   @INT@ NOT NULL
) @HEAP@;
CREATE INDEX custom_param_state ON custom_param (state, type, done);
CREATE INDEX custom_param_rid ON custom_param (rid);
