-- The circuit breaker: failures in a row, and how often in a row it opened.
ALTER TABLE webhook_lanes ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_lanes ADD COLUMN openings BIGINT NOT NULL DEFAULT 0;
-- Counts what holds or frees the lane, so that who reads an older state knows it.
ALTER TABLE webhook_lanes ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
-- Whose a lane is follows from who is there.
ALTER TABLE webhook_lanes DROP COLUMN owner_worker_id;
