-- Since when an operator wants a parked message taken in again, or, while a service is
-- putting it back into its queue, until when that is nobody else's work.
ALTER TABLE parked_events ADD COLUMN redrive_at_us BIGINT;
CREATE INDEX parked_events_to_redrive ON parked_events (redrive_at_us)
    WHERE redrive_at_us IS NOT NULL;
