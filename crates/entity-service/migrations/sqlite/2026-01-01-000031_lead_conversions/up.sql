-- What each lead became. Never deleted, not even with the order: a conversion
-- that is asked for again is answered with the first one, and makes nothing new.
CREATE TABLE lead_conversions (
    account_id BIGINT NOT NULL,
    lead_id BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    order_id BIGINT NOT NULL,
    converted_at_us BIGINT NOT NULL,
    -- Sentences for the manager.
    warnings TEXT NOT NULL,
    PRIMARY KEY (account_id, lead_id)
) WITHOUT ROWID;
