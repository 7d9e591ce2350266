ALTER TABLE webhook_lanes ADD COLUMN owner_worker_id BLOB;
ALTER TABLE webhook_lanes DROP COLUMN revision;
ALTER TABLE webhook_lanes DROP COLUMN openings;
ALTER TABLE webhook_lanes DROP COLUMN failures;
