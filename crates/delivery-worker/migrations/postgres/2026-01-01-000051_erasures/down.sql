DROP INDEX deliveries_erased;
ALTER TABLE deliveries DROP COLUMN erased_at_us;
