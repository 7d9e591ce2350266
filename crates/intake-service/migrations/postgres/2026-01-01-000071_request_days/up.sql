-- When the request came, as its entry says; 0: written before there was this column.
ALTER TABLE intake_bodies ADD COLUMN received_at_us BIGINT NOT NULL DEFAULT 0;

-- Bodies lie in partitions by that time, which the service makes ahead and drops
-- as a whole. What is here becomes the first one, which has no lower bound and is
-- never dropped: its rows go with their requests, as do those that a service of
-- before this column still adds. The last one has no upper bound.
DO $$
DECLARE
    -- So nothing has to move when days are made.
    tomorrow BIGINT := (extract(epoch FROM now())::BIGINT / 86400 + 1) * 86400000000;
BEGIN
    ALTER TABLE intake_bodies RENAME TO intake_bodies_kept_first;
    ALTER TABLE intake_bodies_kept_first DROP CONSTRAINT intake_bodies_pkey;
    CREATE TABLE intake_bodies (
        LIKE intake_bodies_kept_first INCLUDING DEFAULTS,
        PRIMARY KEY (request_id, received_at_us)
    ) PARTITION BY RANGE (received_at_us);
    EXECUTE format('ALTER TABLE intake_bodies ATTACH PARTITION intake_bodies_kept_first '
        'FOR VALUES FROM (MINVALUE) TO (%L)', tomorrow);
    EXECUTE format('CREATE TABLE intake_bodies_ahead PARTITION OF intake_bodies '
        'FOR VALUES FROM (%L) TO (MAXVALUE)', tomorrow);
END
$$;
