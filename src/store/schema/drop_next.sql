-- What an earlier reindexing left behind.
DROP TABLE IF EXISTS next_current;
DROP TABLE IF EXISTS next_gone;
DROP TABLE IF EXISTS next_compartment;
DROP TABLE IF EXISTS next_label;
DROP TABLE IF EXISTS next_index_token;
DROP TABLE IF EXISTS next_index_identifier;
DROP TABLE IF EXISTS next_index_reference;
DROP TABLE IF EXISTS next_index_date;
DROP TABLE IF EXISTS next_index_string;
DROP TABLE IF EXISTS next_index_number;
DROP TABLE IF EXISTS next_index_quantity;
