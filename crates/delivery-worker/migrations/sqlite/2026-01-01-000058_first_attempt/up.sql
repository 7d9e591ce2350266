-- A first attempt that succeeds is kept in its delivery's row alone: what cannot be worked out
-- again of the request, and the answer, which is erased apart.
ALTER TABLE deliveries ADD COLUMN first_attempt BLOB;
ALTER TABLE deliveries ADD COLUMN first_answer BLOB;

-- Nobody looks for a delivery by its having arrived: nearly all have.
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (account_id, state, id) WHERE state <> 'delivered';
