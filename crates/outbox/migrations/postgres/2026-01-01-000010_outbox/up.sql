-- Changes that are on their way to the broker, and the feed of those that were
-- published. Positions are taken before commit and may leave gaps; the relay
-- gives each committed row its place in the gap-free sequence.
CREATE TABLE outbox_events (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seq BIGINT UNIQUE,
    event_id BYTEA NOT NULL,
    account_id BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    occurred_at_us BIGINT NOT NULL
);
CREATE INDEX outbox_events_feed ON outbox_events (account_id, seq);
CREATE INDEX outbox_events_unnumbered ON outbox_events (position) WHERE seq IS NULL;

-- Bodies lie apart: they grow, and go by themselves.
CREATE TABLE outbox_bodies (
    position BIGINT PRIMARY KEY,
    body BYTEA NOT NULL
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
    event_id BYTEA NOT NULL PRIMARY KEY,
    received_at_us BIGINT NOT NULL
);

-- Messages that could not be taken in, kept whole for a person to look at.
CREATE TABLE parked_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    message_id TEXT NOT NULL,
    message_type TEXT NOT NULL,
    seq BIGINT,
    traceparent TEXT,
    body BYTEA NOT NULL,
    reason TEXT NOT NULL,
    parked_at_us BIGINT NOT NULL
);
