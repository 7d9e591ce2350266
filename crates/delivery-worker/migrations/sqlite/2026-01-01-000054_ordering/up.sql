-- Which revisions of a record have arrived, of accounts with a webhook that
-- wants changes in order.
CREATE TABLE record_revisions (
    account_id BIGINT NOT NULL,
    component TEXT NOT NULL,
    record_id BIGINT NOT NULL,
    -- Nothing up to this one is missing; 0 while it is not known where the
    -- record stood when its first change was seen.
    through_revision BIGINT NOT NULL,
    -- What arrived beyond a gap: [from, to] pairs.
    ahead JSON NOT NULL,
    PRIMARY KEY (account_id, component, record_id)
);

-- What a pending delivery waits for besides its time: 'record' or 'gap'.
ALTER TABLE deliveries ADD COLUMN held_for TEXT;
-- As what it is sent, where that is not what its event says: 'add'.
ALTER TABLE deliveries ADD COLUMN send_as TEXT;
-- How many skipped changes of its record it stands for; NULL: none.
ALTER TABLE deliveries ADD COLUMN coalesced BIGINT;

-- A record's deliveries by revision: the next one is found at once, however many
-- wait.
CREATE INDEX deliveries_pending_record
    ON deliveries (webhook_id, record_id, component, revision) WHERE state = 'pending';
