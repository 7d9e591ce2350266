-- A webhook's second kind of keys (ed25519): the private one sealed under the master
-- key like the secret, the public one for everybody. NULL until it is asked for.
ALTER TABLE webhooks ADD COLUMN signing_key BYTEA;
ALTER TABLE webhooks ADD COLUMN public_key TEXT;
-- Keys that were replaced and still sign for a while: a list, sealed one by one.
-- In place of previous_secret and previous_secret_until_us, which nothing has used
-- and which stay for workers of the version before.
ALTER TABLE webhooks ADD COLUMN previous_keys JSON;
