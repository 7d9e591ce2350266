DROP INDEX parked_events_to_redrive;
ALTER TABLE parked_events DROP COLUMN redrive_at_us;
