-- Whose record a version is in: packed ids behind a byte (store/patients.h), so that what is read can be
-- put down to patients without looking into it. Versions from before have none.
ALTER TABLE version ADD COLUMN patients @BYTES@;
