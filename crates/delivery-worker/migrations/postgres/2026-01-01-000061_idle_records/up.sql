-- The day of a record's last change, microseconds at its beginning (UTC), so that what
-- is known of records without changes can go. NULL in rows of before: not known yet.
ALTER TABLE record_revisions ADD COLUMN changed_on_us BIGINT;
CREATE INDEX record_revisions_by_change ON record_revisions (changed_on_us);
