-- The audit log's hash tree (RFC 6962), for who wants to know that nothing in the log was changed.

-- Full tiles of 256 hashes (c2sp.org/tlog-tiles): level 0 of the records, each next of the tiles
-- below.
CREATE TABLE audit_tile (
    level  @INT@ NOT NULL,
    number @INT@ NOT NULL,
    hashes @BYTES@ NOT NULL,
    PRIMARY KEY (level, number)
) @CLUSTERED@;

-- Signed: how many records there were, and the root over them.
CREATE TABLE audit_checkpoint (
    size @KEY@,
    note @TEXT@ NOT NULL
) @HEAP@;
