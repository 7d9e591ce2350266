-- One row: up to which time of their events rows may be gone.
CREATE TABLE retention (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    deliveries_before_us BIGINT NOT NULL,
    events_before_us BIGINT NOT NULL
);
INSERT INTO retention VALUES (1, 0, 0);

-- Bodies lie in partitions by the time that their ids begin with, which the
-- worker makes ahead and drops as a whole. What is here becomes the first one,
-- which has no lower bound: an id of any age finds a place. The last one has no
-- upper bound and is empty unless a clock is wrong or the worker was away.
DO $$
DECLARE
    bodies RECORD;
    newest BYTEA;
    since TIMESTAMPTZ;
    bound TEXT;
BEGIN
    FOR bodies IN
        SELECT * FROM (VALUES
            ('event_bodies', 'event_id', 'event_id'),
            ('attempts', 'delivery_id', 'delivery_id, claim_no'),
            ('attempt_bodies', 'delivery_id', 'delivery_id, claim_no')
        ) AS t (name, id, keys)
    LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', bodies.name, bodies.name || '_before');
        EXECUTE format('ALTER INDEX %I RENAME TO %I', bodies.name || '_pkey',
            bodies.name || '_before_pkey');
        EXECUTE format('SELECT %1$I FROM %2$I ORDER BY %1$I DESC LIMIT 1', bodies.id,
            bodies.name || '_before') INTO newest;
        -- The first day after today and after all that is here: nothing of what comes in
        -- before there are partitions ahead has to move into them.
        since := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
        IF newest IS NOT NULL THEN
            since := greatest(since, to_timestamp(
                ('x' || encode(substring(newest FROM 1 FOR 6), 'hex'))::BIT(48)::BIGINT / 86400000
                * 86400));
        END IF;
        since := since + INTERVAL '1 day';
        bound := lpad(to_hex((extract(epoch FROM since) * 1000)::BIGINT), 12, '0');
        EXECUTE format('CREATE TABLE %I (LIKE %I, PRIMARY KEY (%s)) PARTITION BY RANGE (%I)',
            bodies.name, bodies.name || '_before', bodies.keys, bodies.id);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)',
            bodies.name, bodies.name || '_before', '\x' || bound);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (MAXVALUE)',
            bodies.name || '_ahead', bodies.name, '\x' || bound);
    END LOOP;
END
$$;
