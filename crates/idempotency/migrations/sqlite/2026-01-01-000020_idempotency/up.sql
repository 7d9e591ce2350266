-- Answers to requests that carried an Idempotency-Key, for as long as a client
-- may repeat them.
CREATE TABLE idempotency_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    route TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    status BIGINT NOT NULL,
    location TEXT,
    etag TEXT,
    body BLOB NOT NULL,
    created_at_us BIGINT NOT NULL,
    UNIQUE (account_id, idempotency_key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at_us);
