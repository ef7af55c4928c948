-- The words of what is there, for _text and _content: those of the narrative, and further ones. Filled
-- behind the log (store/words_index.c); up to where, the setting "words" says.
@WORDS@;
