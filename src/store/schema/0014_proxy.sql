-- Whose records a proxy may use, for what, and from when until when (0: without end). A login's own
-- patient and last day are the patients' from now on.

CREATE TABLE login_patient (
    login    @INT@ NOT NULL,
    patient  @TEXT@ NOT NULL,
    switches @INT@ NOT NULL,
    from_at  @INT@ NOT NULL,
    until_at @INT@ NOT NULL,
    made_at  @INT@ NOT NULL,
    PRIMARY KEY (login, patient)
) @CLUSTERED@;
INSERT INTO login_patient (login, patient, switches, from_at, until_at, made_at)
    SELECT number, patient, 31, 0, until_at, made_at FROM login WHERE role = 'proxy';
UPDATE login SET patient = '', until_at = 0 WHERE role = 'proxy';
