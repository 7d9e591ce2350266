-- The stage of a trigger, and why a webhook cannot be switched on as it is.
ALTER TABLE webhooks ADD COLUMN stage_id BIGINT;
ALTER TABLE webhooks ADD COLUMN inactive_reason TEXT;
CREATE INDEX webhooks_by_stage ON webhooks (account_id, stage_id) WHERE stage_id IS NOT NULL;

-- What a webhook was at each version, and since which version of webhook_config:
-- so that it can be told later why an event did not fire it.
ALTER TABLE webhook_versions ADD COLUMN config_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook_versions ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- NULL: not known, of versions that were replaced before this was written down.
ALTER TABLE webhook_versions ADD COLUMN active BOOLEAN;
UPDATE webhook_versions SET name = webhooks.name, active = webhooks.active
FROM webhooks
WHERE webhooks.id = webhook_versions.webhook_id
    AND webhooks.settings_version = webhook_versions.version;

-- When a person was erased from the event, so that what it says of them is gone.
ALTER TABLE events ADD COLUMN erased_at_us BIGINT;
