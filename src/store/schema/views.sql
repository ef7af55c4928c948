-- The scoped views: all that a reader can reach. The scope_…() functions answer from the permit of
-- the running call and give NULL where it does not reach, so that the view shows nothing.
--   practice_…  everything of the types allowed, in the practice
--   chart_…     the same, in one patient's record only
--   shared_…    types that are nobody's record, for a patient's app
-- scope_sees() asks the rows that narrow the permit (limit.h) of a resource as it is now, scope_saw() the
-- same for any version of it, scope_spares() whether there are none for its type: what was deleted has
-- no rows to tell by.
-- The order of the joins is written down (CROSS JOIN): a plan that starts elsewhere is slow.

CREATE @VIEW@ known_identity AS
    SELECT type, id, rid FROM @MAIN@identity WHERE practice = scope_any();

CREATE @VIEW@ known_token AS
    SELECT number, system, code FROM @MAIN@token WHERE scope_any() IS NOT NULL;

-- Which codes are in use, not by what.
CREATE @VIEW@ known_use AS
    SELECT param, token FROM @MAIN@index_token WHERE practice = scope_any();

CREATE @VIEW@ practice_current AS
    SELECT type, rid, seq FROM @MAIN@current
    WHERE practice = scope_practice() AND scope_sees(type, rid);

CREATE @VIEW@ chart_current AS
    SELECT p.type, p.rid, c.seq FROM @MAIN@compartment p CROSS JOIN @MAIN@current c
    WHERE p.practice = scope_chart() AND p.patient = scope_patient() AND scope_sees(p.type, p.rid)
      AND c.practice = p.practice AND c.type = p.type AND c.rid = p.rid;

CREATE @VIEW@ shared_current AS
    SELECT type, rid, seq FROM @MAIN@current
    WHERE practice = scope_shared() AND scope_shared_sees(type, rid);

CREATE @VIEW@ practice_gone AS
    SELECT type, rid, seq FROM @MAIN@gone
    WHERE practice = scope_practice() AND scope_spares(type, rid);

CREATE @VIEW@ chart_gone AS
    SELECT p.type, p.rid, c.seq FROM @MAIN@compartment p CROSS JOIN @MAIN@gone c
    WHERE p.practice = scope_chart() AND p.patient = scope_patient() AND scope_spares(p.type, p.rid)
      AND c.practice = p.practice AND c.type = p.type AND c.rid = p.rid;

CREATE @VIEW@ shared_gone AS
    SELECT type, rid, seq FROM @MAIN@gone
    WHERE practice = scope_shared() AND scope_shared_spares(type, rid);

CREATE @VIEW@ practice_version AS
    SELECT seq, type, id, rid, version, prior_seq, at, method, dictionary, body, patients
    FROM @MAIN@version WHERE practice = scope_practice() AND scope_saw(type, rid);

CREATE @VIEW@ chart_version AS
    SELECT v.seq, v.type, v.id, v.rid, v.version, v.prior_seq, v.at, v.method, v.dictionary, v.body,
           v.patients
    FROM @MAIN@version v WHERE v.practice = scope_chart() AND scope_saw(v.type, v.rid)
      AND EXISTS (SELECT 1 FROM @MAIN@compartment p WHERE p.practice = v.practice
                  AND p.patient = scope_patient() AND p.rid = v.rid);

CREATE @VIEW@ shared_version AS
    SELECT seq, type, id, rid, version, prior_seq, at, method, dictionary, body, patients
    FROM @MAIN@version WHERE practice = scope_shared() AND scope_shared_saw(type, rid);

CREATE @VIEW@ practice_compartment AS
    SELECT patient, rid, type FROM @MAIN@compartment
    WHERE practice = scope_practice() AND scope_type(type);

CREATE @VIEW@ chart_compartment AS
    SELECT patient, rid, type FROM @MAIN@compartment
    WHERE practice = scope_chart() AND patient = scope_patient() AND scope_type(type);

-- Money: of patients and invoices that the permit shows. known_ledger tells only how far the ledger is.
CREATE @VIEW@ practice_ledger AS
    SELECT l.entry, l.place, e.kind, e.at, l.day, e.series, e.series_number, e.currency, e.reason,
           l.account, l.cents, l.patient_id, l.invoice_id, l.document, l.party, l.method
    FROM @MAIN@ledger_line l CROSS JOIN @MAIN@ledger_entry e
    WHERE l.practice = scope_practice() AND e.number = l.entry AND scope_sees(l.patient_type, l.patient)
      AND scope_sees(l.invoice_type, l.invoice);

CREATE @VIEW@ chart_ledger AS
    SELECT l.entry, l.place, e.kind, e.at, l.day, e.series, e.series_number, e.currency, e.reason,
           l.account, l.cents, l.patient_id, l.invoice_id, l.document, l.party, l.method
    FROM @MAIN@ledger_line l CROSS JOIN @MAIN@ledger_entry e
    WHERE l.practice = scope_chart() AND l.patient = scope_patient() AND e.number = l.entry
      AND scope_sees(l.patient_type, l.patient) AND scope_sees(l.invoice_type, l.invoice);

CREATE @VIEW@ known_ledger AS
    SELECT number, series, series_number FROM @MAIN@ledger_entry WHERE practice = scope_any();

-- Words are found by rid; what they are is not to be had. The type is that of the resource found.
CREATE @VIEW@ practice_words AS
    SELECT @WORDS_RID@ AS rid, c.type, @WORDS_SAID@ AS words
    FROM @MAIN@words t CROSS JOIN @MAIN@current c
    WHERE c.practice = scope_practice() AND scope_type(c.type) AND c.rid = @WORDS_RID@;

CREATE @VIEW@ chart_words AS
    SELECT @WORDS_RID@ AS rid, p.type, @WORDS_SAID@ AS words
    FROM @MAIN@words t CROSS JOIN @MAIN@compartment p
    WHERE p.practice = scope_chart() AND p.patient = scope_patient() AND scope_type(p.type)
      AND p.rid = @WORDS_RID@;

CREATE @VIEW@ shared_words AS
    SELECT @WORDS_RID@ AS rid, c.type, @WORDS_SAID@ AS words
    FROM @MAIN@words t CROSS JOIN @MAIN@current c
    WHERE c.practice = scope_shared() AND scope_shared_type(c.type) AND c.rid = @WORDS_RID@;

-- The store's own: nothing of these depends on a patient, or the owner asks.
CREATE @VIEW@ own_dictionary AS SELECT number, bytes FROM @MAIN@dictionary WHERE scope_owner() = 1;
CREATE @VIEW@ own_setting AS SELECT name, value FROM @MAIN@setting WHERE scope_owner() = 1;
CREATE @VIEW@ own_audit AS SELECT place, records FROM @MAIN@audit WHERE scope_owner() = 1;
CREATE @VIEW@ own_audit_tile AS
    SELECT level, number, hashes FROM @MAIN@audit_tile WHERE scope_owner() = 1;
CREATE @VIEW@ own_audit_checkpoint AS
    SELECT size, note FROM @MAIN@audit_checkpoint WHERE scope_owner() = 1;
-- A token that a login gave to an app lives no longer than the login, the client and what was
-- agreed between them; where one of these is missing it is dead. One that a client has in its own
-- name (login 0) lives no longer than the client. One for an emergency dies when that is ended, and
-- with its login, role and session.
CREATE @VIEW@ own_grant AS
    SELECT g.number, g.hash, g.scopes, g.patient, g.name, g.made_at, g.ends_at, g.app,
           CASE WHEN g.revoked <> 0 THEN 1
                WHEN b.number > 0 THEN
                    CASE WHEN b.ended_at = 0 AND e.disabled = 0 AND e.role = b.role
                              AND t.ended_at = 0 THEN 0 ELSE 1 END
                WHEN g.app = 0 THEN 0
                WHEN a.revoked_at = 0 AND k.disabled = 0
                     AND (l.disabled = 0 OR a.login = 0) THEN 0
                ELSE 1 END AS revoked,
           l.role, l.linked, coalesce(x.patient, l.patient) AS login_patient,
           CASE WHEN x.until_at > 0 THEN x.until_at ELSE l.until_at END AS until_at,
           coalesce(x.from_at, 0) AS from_at, x.switches, coalesce(b.number, 0) AS glass,
           coalesce(a.login, b.login, 0) AS login,
           CASE WHEN a.login = 0 THEN k.scopes ELSE '' END AS own_scopes
    FROM @MAIN@grant_token g
    LEFT JOIN @MAIN@app a ON a.number = g.app
    LEFT JOIN @MAIN@login l ON l.number = a.login
    LEFT JOIN @MAIN@client k ON k.id = a.client
    LEFT JOIN @MAIN@break_glass b ON b.grant_no = g.number
    LEFT JOIN @MAIN@login e ON e.number = b.login
    LEFT JOIN @MAIN@login_session t ON t.hash = b.session
    LEFT JOIN @MAIN@login_patient x ON x.login = a.login AND x.patient = g.patient
    WHERE scope_owner() = 1;
CREATE @VIEW@ own_login AS
    SELECT number, name, role, linked, patient, until_at, password, device, totp, totp_step,
           disabled, made_at
    FROM @MAIN@login WHERE scope_owner() = 1;
CREATE @VIEW@ own_login_link AS
    SELECT hash, login, ends_at, used_at FROM @MAIN@login_link WHERE scope_owner() = 1;
CREATE @VIEW@ own_login_patient AS
    SELECT login, patient, switches, from_at, until_at, made_at
    FROM @MAIN@login_patient WHERE scope_owner() = 1;
CREATE @VIEW@ own_break_glass AS
    SELECT b.number, b.login, l.name AS login_name, b.patient, b.reason, b.words, b.began_at,
           b.ends_at, b.ended_at, b.ended_by, b.reviewed_at, b.reviewed_by, b.verdict
    FROM @MAIN@break_glass b JOIN @MAIN@login l ON l.number = b.login WHERE scope_owner() = 1;
CREATE @VIEW@ own_breach AS
    SELECT place, number, made_at, made_by, kind, value, words, login, from_at, until_at
    FROM @MAIN@breach WHERE scope_owner() = 1;

CREATE @VIEW@ own_outbox AS
    SELECT number, practice, name, kind, channel, recipient, subject, body, file_name, file_type, file,
           patient_id, visit_id, visit_start, made_at, due_at, until_at, state, tries, again, ended_at,
           answer
    FROM @MAIN@outbox WHERE scope_owner() = 1;
CREATE @VIEW@ own_passkey AS
    SELECT id, login, handle, name, key, count, made_at, used_at
    FROM @MAIN@passkey WHERE scope_owner() = 1;
CREATE @VIEW@ own_recovery_code AS
    SELECT login, used_at FROM @MAIN@recovery_code WHERE scope_owner() = 1;
CREATE @VIEW@ own_login_session AS
    SELECT hash, login, stage, made_at, seen_at, ended_at, proved_at, network, agent
    FROM @MAIN@login_session WHERE scope_owner() = 1;
CREATE @VIEW@ own_client AS
    SELECT id, name, secret, redirects, scopes, disabled, made_at, keys, keys_uri,
           first_party, launch_uri, pending
    FROM @MAIN@client WHERE scope_owner() = 1;
CREATE @VIEW@ own_policy AS
    SELECT number, made_at, words FROM @MAIN@policy WHERE scope_owner() = 1;
CREATE @VIEW@ own_app AS
    SELECT number, login, client, scopes, patient, session, made_at, ends_at, revoked_at, context
    FROM @MAIN@app WHERE scope_owner() = 1;
CREATE @VIEW@ own_app_code AS
    SELECT hash, app, redirect, challenge, ends_at, used_at, nonce, proved_at
    FROM @MAIN@app_code WHERE scope_owner() = 1;
CREATE @VIEW@ own_app_refresh AS
    SELECT hash, app, made_at, used_at FROM @MAIN@app_refresh WHERE scope_owner() = 1;
CREATE @VIEW@ own_launch AS
    SELECT hash, login, client, patient, context, ends_at, used_at
    FROM @MAIN@launch WHERE scope_owner() = 1;
CREATE @VIEW@ own_guest AS
    SELECT hash, link, page, appointment, service, details, patient, code, tries, done, ends_at
    FROM @MAIN@guest WHERE scope_owner() = 1;
CREATE @VIEW@ own_oauth_key AS
    SELECT kid, secret, made_at, signs_at, ends_at FROM @MAIN@oauth_key WHERE scope_owner() = 1;
CREATE @VIEW@ own_version AS
    SELECT seq, practice, type, id, rid, version, prior_seq, at, method, author, dictionary, body,
           patients
    FROM @MAIN@version WHERE scope_owner() = 1;
CREATE @VIEW@ own_current AS
    SELECT practice, type, rid, seq FROM @MAIN@current WHERE scope_owner() = 1;
CREATE @VIEW@ own_gone AS
    SELECT practice, type, rid, seq FROM @MAIN@gone WHERE scope_owner() = 1;
