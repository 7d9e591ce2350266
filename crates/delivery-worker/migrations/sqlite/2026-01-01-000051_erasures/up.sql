-- When a person whom the delivery told of was erased: their values from its
-- event, and all that was sent and answered. Such a delivery is not sent again.
ALTER TABLE deliveries ADD COLUMN erased_at_us BIGINT;
CREATE INDEX deliveries_erased ON deliveries (id) WHERE erased_at_us IS NOT NULL;
