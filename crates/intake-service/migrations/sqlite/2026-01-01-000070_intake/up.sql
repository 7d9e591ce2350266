-- One inbound URL each: where leads of one site or call tracker come in.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    preset TEXT NOT NULL,
    name TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    active BOOLEAN NOT NULL,
    settings TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    -- Its leads still refer to it.
    deleted_at_us BIGINT
);
CREATE INDEX sources_by_account ON sources (account_id, id);

-- Every request that reached an inbound URL and what became of it.
CREATE TABLE intake_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    received_at_us BIGINT NOT NULL,
    method TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    content_type TEXT,
    body_bytes BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    status BIGINT NOT NULL,
    error TEXT,
    lead_id BIGINT,
    -- Of what was read, for the double-click rule.
    fingerprint BLOB,
    correlation_id TEXT NOT NULL,
    replayed_at_us BIGINT
);
CREATE INDEX intake_requests_by_source ON intake_requests (source_id, id);
CREATE INDEX intake_requests_by_age ON intake_requests (received_at_us);
CREATE INDEX intake_requests_by_lead ON intake_requests (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX intake_requests_by_fingerprint ON intake_requests (source_id, fingerprint)
    WHERE fingerprint IS NOT NULL;

-- Bodies lie apart: they grow, and go by themselves.
CREATE TABLE intake_bodies (
    request_id BIGINT NOT NULL PRIMARY KEY,
    query BLOB NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE leads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    request_id BIGINT,
    state TEXT NOT NULL CHECK (state IN ('new', 'converting', 'converted', 'rejected')),
    first_id BIGINT,
    other_count BIGINT NOT NULL,
    name TEXT,
    -- As sent, as answered, as compared.
    phone TEXT,
    phone_digits TEXT,
    phone_normalized TEXT,
    email TEXT,
    email_normalized TEXT,
    owner_id BIGINT,
    origin_id BIGINT,
    remote_id TEXT,
    office_id BIGINT,
    city_id BIGINT,
    stage_id BIGINT,
    cost BIGINT,
    marks TEXT NOT NULL,
    extra TEXT NOT NULL,
    warnings TEXT NOT NULL,
    reject_reason TEXT,
    client_id BIGINT,
    order_id BIGINT,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    -- Nothing of the person is left in a deleted lead.
    deleted_at_us BIGINT
);
CREATE INDEX leads_by_account ON leads (account_id, id);
CREATE INDEX leads_by_phone ON leads (account_id, phone_normalized, id)
    WHERE phone_normalized IS NOT NULL AND deleted_at_us IS NULL;
CREATE INDEX leads_by_email ON leads (account_id, email_normalized, id)
    WHERE email_normalized IS NOT NULL AND deleted_at_us IS NULL;
CREATE INDEX leads_by_client ON leads (account_id, client_id, id)
    WHERE client_id IS NOT NULL AND deleted_at_us IS NULL;
CREATE INDEX leads_by_order ON leads (account_id, order_id, id)
    WHERE order_id IS NOT NULL AND deleted_at_us IS NULL;
CREATE INDEX leads_by_source ON leads (source_id, id);
CREATE INDEX leads_by_request ON leads (request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX leads_by_remote_id ON leads (source_id, remote_id)
    WHERE remote_id IS NOT NULL AND deleted_at_us IS NULL;
