-- Jobs that send again what was sent before, or what never was.
CREATE TABLE replays (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL,
    -- 'replay' of the events of one webhook, or 'retry' of deliveries.
    kind TEXT NOT NULL,
    -- Of a replay.
    webhook_id BIGINT,
    -- What was asked for.
    selection JSON NOT NULL,
    rate_per_second BIGINT,
    -- 'running', 'finishing' (all is queued, not all is over), 'done',
    -- 'cancelling' or 'cancelled'.
    state TEXT NOT NULL,
    -- Why it was cancelled, if nobody asked for it.
    reason TEXT,
    -- How many deliveries came to which state, once it is over.
    totals JSON,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    finished_at_us BIGINT
);
CREATE INDEX replays_by_account ON replays (account_id, id);
CREATE INDEX replays_open ON replays (id) WHERE finished_at_us IS NULL;

-- How far a job is with each webhook. A worker that takes a step locks the row;
-- if it dies, another takes the step again.
CREATE TABLE replay_lanes (
    replay_id BIGINT NOT NULL,
    webhook_id BIGINT NOT NULL,
    -- The last event or delivery that was looked at.
    position BYTEA NOT NULL,
    examined BIGINT NOT NULL,
    queued BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    -- When to go on; none at the end.
    next_step_us BIGINT,
    last_queued_us BIGINT NOT NULL,
    PRIMARY KEY (replay_id, webhook_id)
);
CREATE INDEX replay_lanes_due ON replay_lanes (next_step_us) WHERE next_step_us IS NOT NULL;

-- The job that made the delivery, or made it due again last.
ALTER TABLE deliveries ADD COLUMN replay_id BIGINT;
CREATE INDEX deliveries_by_replay ON deliveries (replay_id, webhook_id, state)
    WHERE replay_id IS NOT NULL;
