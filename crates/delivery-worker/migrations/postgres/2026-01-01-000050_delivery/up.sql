-- Webhooks and what became of every callback. Narrow rows, which lists and
-- claims read, lie apart from bodies, which grow and go by themselves: every
-- body table is keyed by an id that begins with a time.

-- One row: grows with every change of any webhook, in the same transaction.
-- Workers read it to learn that something changed, and read only what did.
CREATE TABLE webhook_config (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO webhook_config VALUES (1, 0);

CREATE TABLE webhooks (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL,
    -- 'webhook' or 'trigger'.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    -- Which version of the settings is current; see webhook_versions.
    settings_version BIGINT NOT NULL,
    settings JSON NOT NULL,
    -- Sealed under the master key.
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_secret_until_us BIGINT,
    -- Of webhook_config, at the last change of this row.
    config_version BIGINT NOT NULL,
    -- Grows with every change that the API shows (ETag).
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    deleted_at_us BIGINT
);
CREATE INDEX webhooks_by_account ON webhooks (account_id, id);
CREATE INDEX webhooks_by_config_version ON webhooks (config_version);

-- Every version of a webhook's settings, never changed and never removed.
CREATE TABLE webhook_versions (
    webhook_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    settings JSON NOT NULL,
    created_at_us BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, version)
);

-- What holds a webhook's deliveries up: one row each, so that any number of
-- workers act as one.
CREATE TABLE webhook_lanes (
    webhook_id BIGINT NOT NULL PRIMARY KEY,
    -- By the receiver (Retry-After).
    paused_until_us BIGINT,
    -- By a person.
    paused_at_us BIGINT,
    -- After failures (breaker).
    open_until_us BIGINT,
    disabled_at_us BIGINT,
    disabled_reason TEXT,
    first_failure_at_us BIGINT,
    last_success_at_us BIGINT,
    -- The worker that has the lane to itself, where its order or rate asks
    -- for that.
    owner_worker_id BYTEA,
    -- When something above that holds or frees the lane last changed.
    changed_at_us BIGINT NOT NULL
);
CREATE INDEX webhook_lanes_changed ON webhook_lanes (changed_at_us);

-- Every event that was taken in, whether or not a webhook asked for it.
CREATE TABLE events (
    event_id BYTEA NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    seq BIGINT,
    event_type TEXT NOT NULL,
    component TEXT NOT NULL,
    record_id BIGINT,
    revision BIGINT,
    occurred_at_us BIGINT NOT NULL,
    received_at_us BIGINT NOT NULL,
    -- How many deliveries it was given, by the settings of config_version.
    matched BIGINT NOT NULL,
    config_version BIGINT NOT NULL
);

CREATE TABLE event_bodies (
    event_id BYTEA NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE TABLE deliveries (
    id BYTEA NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    -- None for a test.
    event_id BYTEA,
    -- 'event', 'replay' or 'test'.
    origin TEXT NOT NULL,
    -- 'pending', 'delivered', 'failed', 'skipped', 'expired' or 'dropped'.
    state TEXT NOT NULL,
    event_type TEXT NOT NULL,
    component TEXT NOT NULL,
    record_id BIGINT,
    revision BIGINT,
    due_at_us BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Grows with every claim; an outcome names the claim that it belongs to.
    claim_no BIGINT NOT NULL,
    -- Who has it. The claim ends with that worker's lease.
    worker_id BYTEA,
    -- What the last attempt used and met.
    settings_version BIGINT,
    last_attempt_at_us BIGINT,
    last_status BIGINT,
    last_error TEXT,
    last_duration_us BIGINT,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    finished_at_us BIGINT
)
-- Room in each page for the claim, which changes no indexed column: such a row
-- keeps its index entries if its new version fits beside the old one.
WITH (fillfactor = 70);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at_us) WHERE state = 'pending';
-- Several workers keep one record from being sent twice at once by this.
CREATE INDEX deliveries_pending_record ON deliveries (webhook_id, record_id, component)
    WHERE state = 'pending';
CREATE INDEX deliveries_by_account ON deliveries (account_id, id);
CREATE INDEX deliveries_by_webhook ON deliveries (account_id, webhook_id, id);
CREATE INDEX deliveries_by_state ON deliveries (account_id, state, id);
CREATE INDEX deliveries_by_record ON deliveries (account_id, component, record_id, id);

-- Every request that was made, by the claim that it was made under.
CREATE TABLE attempts (
    delivery_id BYTEA NOT NULL,
    claim_no BIGINT NOT NULL,
    -- Counts from 1, as the receiver was told.
    number BIGINT NOT NULL,
    settings_version BIGINT NOT NULL,
    started_at_us BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    status BIGINT,
    -- The class of the failure, where there was no answer.
    error_kind TEXT,
    error TEXT,
    remote TEXT,
    PRIMARY KEY (delivery_id, claim_no)
);

-- As on the wire, own headers masked. Bytes, since a receiver may send any.
CREATE TABLE attempt_bodies (
    delivery_id BYTEA NOT NULL,
    claim_no BIGINT NOT NULL,
    request_head BYTEA NOT NULL,
    request_body BYTEA NOT NULL,
    response_head BYTEA,
    response_body BYTEA,
    -- Whether response_body is all that came.
    response_complete BOOLEAN NOT NULL,
    PRIMARY KEY (delivery_id, claim_no)
);

-- Who delivers. A row claimed by a worker that is not here, or whose lease has
-- ended, is free.
CREATE TABLE workers (
    id BYTEA NOT NULL PRIMARY KEY,
    lease_until_us BIGINT NOT NULL,
    started_at_us BIGINT NOT NULL
);

-- What the entity service's pipelines look like, to check and name stages.
CREATE TABLE pipelines (
    account_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    stages JSON NOT NULL,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, id)
);

CREATE TABLE revoked_tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    revoked_at_us BIGINT NOT NULL
);
