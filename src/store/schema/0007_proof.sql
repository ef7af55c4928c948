-- When the person behind a session last showed what they prove themselves with, and what tells
-- them which of their browsers it is.

ALTER TABLE login_session ADD COLUMN proved_at @INT@ NOT NULL DEFAULT 0;
ALTER TABLE login_session ADD COLUMN network @TEXT@ NOT NULL DEFAULT '';
ALTER TABLE login_session ADD COLUMN agent @TEXT@ NOT NULL DEFAULT '';
