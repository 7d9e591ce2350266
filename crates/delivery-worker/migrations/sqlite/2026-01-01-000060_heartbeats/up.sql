-- When a worker's heartbeat came last; its lease may be a short one. NULL in rows of
-- workers of the version before, whose leases are all of eight seconds.
ALTER TABLE workers ADD COLUMN renewed_at_us BIGINT;
