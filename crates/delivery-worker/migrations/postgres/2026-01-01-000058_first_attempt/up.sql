-- A first attempt that succeeds is kept in its delivery's row alone: what cannot be worked out
-- again of the request, and the answer, which is erased apart.
ALTER TABLE deliveries ADD COLUMN first_attempt BYTEA, ADD COLUMN first_answer BYTEA;

-- Nobody looks for a delivery by its having arrived: nearly all have.
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (account_id, state, id) WHERE state <> 'delivered';

-- Room in each page, so that a claim finds place beside its row and changes no index.
ALTER TABLE deliveries SET (fillfactor = 50);
