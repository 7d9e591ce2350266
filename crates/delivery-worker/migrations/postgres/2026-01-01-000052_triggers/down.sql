ALTER TABLE events DROP COLUMN erased_at_us;

ALTER TABLE webhook_versions DROP COLUMN active;
ALTER TABLE webhook_versions DROP COLUMN name;
ALTER TABLE webhook_versions DROP COLUMN config_version;

DROP INDEX webhooks_by_stage;
ALTER TABLE webhooks DROP COLUMN inactive_reason;
ALTER TABLE webhooks DROP COLUMN stage_id;
