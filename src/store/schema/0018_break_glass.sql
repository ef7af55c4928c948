-- Records opened in an emergency: by whom, why, for how long, and what became of it.

CREATE TABLE break_glass (
    number      @KEY@,
    login       @INT@ NOT NULL,
    role        @TEXT@ NOT NULL,
    session     @BYTES@ NOT NULL,
    grant_no    @INT@ NOT NULL,
    patient     @TEXT@ NOT NULL,
    reason      @TEXT@ NOT NULL,
    words       @TEXT@ NOT NULL,
    began_at    @INT@ NOT NULL,
    ends_at     @INT@ NOT NULL,
    ended_at    @INT@ NOT NULL,
    ended_by    @TEXT@ NOT NULL,
    reviewed_at @INT@ NOT NULL,
    reviewed_by @TEXT@ NOT NULL,
    verdict     @TEXT@ NOT NULL
) @HEAP@;
CREATE UNIQUE INDEX break_glass_grant ON break_glass (grant_no);
