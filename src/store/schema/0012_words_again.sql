-- The index of words in less room: it is made from the log anew.
DROP TABLE words;
@WORDS@;
DELETE FROM setting WHERE name = 'words';
