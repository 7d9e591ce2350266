-- People who asked to be forgotten, until nothing of them is left in the bodies
-- that this service keeps. Then the contacts go from here too.
CREATE TABLE erasures (
    -- The event that told of it.
    event_id BYTEA NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    phone_e164 TEXT,
    email_normalized TEXT,
    requested_at_us BIGINT NOT NULL,
    -- When to look through everything, or to go on; none when it is done.
    due_at_us BIGINT,
    -- Whose work it is, and until when it is nobody else's.
    claim_no BIGINT NOT NULL,
    claimed_until_us BIGINT NOT NULL,
    -- The scan that is under way: since when, and how far it is.
    scan_began_at_us BIGINT,
    place TEXT,
    position BYTEA,
    scan_erased BIGINT NOT NULL,
    scan_waiting BIGINT NOT NULL,
    -- Over all scans.
    scans BIGINT NOT NULL,
    erased BIGINT NOT NULL,
    finished_at_us BIGINT
);
CREATE INDEX erasures_due ON erasures (due_at_us) WHERE due_at_us IS NOT NULL;
