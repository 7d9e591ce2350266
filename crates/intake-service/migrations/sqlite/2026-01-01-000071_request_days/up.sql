-- When the request came, as its entry says; 0: written before there was this column.
ALTER TABLE intake_bodies ADD COLUMN received_at_us BIGINT NOT NULL DEFAULT 0;
