-- Messages to people, by e-mail and SMS: put in with what causes them, taken out one after the other by the thread that
-- sends (store/outbox.h). When one has come to its end what it said is cleared; the row stays as the log of deliveries,
-- and so that no message of the same name is put in again.
CREATE TABLE outbox (
    number       @KEY@,
    practice     @INT@ NOT NULL,
    name         @TEXT@ NOT NULL,
    kind         @TEXT@ NOT NULL,
    channel      @INT@ NOT NULL,
    recipient    @TEXT@ NOT NULL,
    subject      @TEXT@ NOT NULL,
    body         @TEXT@ NOT NULL,
    file_name    @TEXT@ NOT NULL,
    file_type    @TEXT@ NOT NULL,
    file         @BYTES@ NOT NULL,
    patient_id   @TEXT@ NOT NULL,
    visit_id     @TEXT@ NOT NULL,
    visit_start  @INT@ NOT NULL,
    made_at      @INT@ NOT NULL,
    due_at       @INT@ NOT NULL,
    until_at     @INT@ NOT NULL,
    state        @INT@ NOT NULL,
    tries        @INT@ NOT NULL,
    again        @INT@ NOT NULL,
    ended_at     @INT@ NOT NULL,
    answer       @TEXT@ NOT NULL
) @HEAP@;
CREATE UNIQUE INDEX outbox_name ON outbox (practice, name);
CREATE INDEX outbox_due ON outbox (channel, due_at) WHERE state <= 2;
