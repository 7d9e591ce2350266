-- Tokens that are refused although they are well signed. The delivery worker's
-- own migration makes the same table, from before this crate.
CREATE TABLE IF NOT EXISTS revoked_tokens (
    token_id TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    revoked_at_us BIGINT NOT NULL
);
