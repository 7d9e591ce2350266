-- Changes that are on their way to the broker, and the feed of those that were
-- published. One writer commits in order of `position`, so it is the sequence.
CREATE TABLE outbox_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    seq BIGINT GENERATED ALWAYS AS (position) VIRTUAL,
    event_id BLOB NOT NULL,
    account_id BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    occurred_at_us BIGINT NOT NULL
);
CREATE INDEX outbox_events_feed ON outbox_events (account_id, position);

-- Bodies lie apart: they grow, and go by themselves.
CREATE TABLE outbox_bodies (
    position INTEGER PRIMARY KEY,
    body BLOB NOT NULL
);

-- One row: who relays, and how far.
CREATE TABLE relay_state (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    lease_until_us BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    published_through BIGINT NOT NULL
);
INSERT INTO relay_state VALUES (1, 0, 0, 0, 0);

-- What was taken in already, by event id.
CREATE TABLE inbox_events (
    event_id BLOB NOT NULL PRIMARY KEY,
    received_at_us BIGINT NOT NULL
) WITHOUT ROWID;

-- Messages that could not be taken in, kept whole for a person to look at.
CREATE TABLE parked_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    message_type TEXT NOT NULL,
    seq BIGINT,
    traceparent TEXT,
    body BLOB NOT NULL,
    reason TEXT NOT NULL,
    parked_at_us BIGINT NOT NULL
);
