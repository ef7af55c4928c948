-- For databases made before: long intervals by their end (0002_index.sql has it since).
CREATE INDEX IF NOT EXISTS index_date_long_@SERIAL@ ON @NEXT@index_date
    (practice, param, (low + span)) WHERE span > 100000000000;
