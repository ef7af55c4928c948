-- Apps that registered themselves: disabled until an administrator has looked at them.
ALTER TABLE client ADD COLUMN pending @INT@ NOT NULL DEFAULT 0;
