-- Three views on each index table; @TABLE@ is put in for one after the other.
CREATE @VIEW@ practice_@TABLE@ AS
    SELECT * FROM @MAIN@@TABLE@ WHERE practice = scope_practice();

CREATE @VIEW@ chart_@TABLE@ AS
    SELECT t.* FROM @MAIN@@TABLE@ t WHERE t.practice = scope_chart()
      AND EXISTS (SELECT 1 FROM @MAIN@compartment p WHERE p.practice = t.practice
                  AND p.patient = scope_patient() AND p.rid = t.rid);

CREATE @VIEW@ shared_@TABLE@ AS
    SELECT t.* FROM @MAIN@@TABLE@ t WHERE t.practice = scope_shared()
      AND EXISTS (SELECT 1 FROM @MAIN@param q WHERE q.number = (t.param & 65535)
                  AND scope_shared_type(q.type));
