-- Ids are never reused (AUTOINCREMENT): a webhook's receiver may keep them for ever.
-- Every reference carries the account, so the schema itself keeps accounts apart.

CREATE TABLE accounts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_at_us BIGINT NOT NULL
);

CREATE TABLE api_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT,
    revoked_at_us BIGINT
);
CREATE INDEX api_tokens_by_account ON api_tokens (account_id, created_at_us);

CREATE TABLE pipelines (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id)
);

CREATE TABLE stages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    pipeline_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('open', 'won', 'lost')),
    position BIGINT NOT NULL,
    color TEXT,
    UNIQUE (account_id, id),
    -- What an order refers to: a stage together with the pipeline it is in.
    UNIQUE (account_id, pipeline_id, id),
    FOREIGN KEY (account_id, pipeline_id) REFERENCES pipelines (account_id, id)
);

CREATE TABLE directory_entries (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL CHECK (kind IN (
        'order_category', 'origin', 'client_status', 'task_status', 'task_type', 'office', 'city'
    )),
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    color TEXT,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id)
);
CREATE INDEX directory_entries_by_kind ON directory_entries (account_id, kind, position, id);

CREATE TABLE custom_fields (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    -- How forms show it. Values of any kind are taken.
    kind TEXT NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'number', 'flag')),
    position BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id),
    UNIQUE (account_id, name)
);

CREATE TABLE clients (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    realname TEXT NOT NULL,
    email TEXT NOT NULL,
    email_normalized TEXT,
    phone TEXT NOT NULL,
    phone_normalized TEXT,
    position TEXT NOT NULL,
    status_id BIGINT,
    text TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, status_id) REFERENCES directory_entries (account_id, id)
);
CREATE INDEX clients_by_phone ON clients (account_id, phone_normalized, id)
    WHERE phone_normalized IS NOT NULL;
CREATE INDEX clients_by_email ON clients (account_id, email_normalized, id)
    WHERE email_normalized IS NOT NULL;
CREATE INDEX clients_by_status ON clients (account_id, status_id, id)
    WHERE status_id IS NOT NULL;
CREATE INDEX clients_by_update ON clients (account_id, updated_at_us);

-- The extra fields of a client; the order that receivers see is that of custom_fields.
CREATE TABLE client_fields (
    client_id BIGINT NOT NULL,
    custom_field_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (client_id, custom_field_id),
    FOREIGN KEY (account_id, client_id) REFERENCES clients (account_id, id),
    FOREIGN KEY (account_id, custom_field_id) REFERENCES custom_fields (account_id, id)
) WITHOUT ROWID;
CREATE INDEX client_fields_by_field ON client_fields (account_id, custom_field_id);

CREATE TABLE orders (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    price_minor BIGINT,
    category_id BIGINT,
    pipeline_id BIGINT NOT NULL,
    stage_id BIGINT NOT NULL,
    origin_id BIGINT,
    client_id BIGINT,
    owner_id BIGINT,
    office_id BIGINT,
    city_id BIGINT,
    archived BOOLEAN NOT NULL,
    tags TEXT NOT NULL,
    color TEXT,
    text TEXT NOT NULL,
    marks TEXT NOT NULL,
    lead_id BIGINT,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, pipeline_id, stage_id) REFERENCES stages (account_id, pipeline_id, id),
    FOREIGN KEY (account_id, category_id) REFERENCES directory_entries (account_id, id),
    FOREIGN KEY (account_id, origin_id) REFERENCES directory_entries (account_id, id),
    FOREIGN KEY (account_id, office_id) REFERENCES directory_entries (account_id, id),
    FOREIGN KEY (account_id, city_id) REFERENCES directory_entries (account_id, id),
    FOREIGN KEY (account_id, client_id) REFERENCES clients (account_id, id)
);
-- One order per lead, for ever: a conversion that is asked for twice finds the first one.
CREATE UNIQUE INDEX orders_by_lead ON orders (account_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX orders_by_stage ON orders (account_id, pipeline_id, stage_id, id);
CREATE INDEX orders_by_category ON orders (account_id, category_id, id) WHERE category_id IS NOT NULL;
CREATE INDEX orders_by_origin ON orders (account_id, origin_id, id) WHERE origin_id IS NOT NULL;
CREATE INDEX orders_by_office ON orders (account_id, office_id, id) WHERE office_id IS NOT NULL;
CREATE INDEX orders_by_city ON orders (account_id, city_id, id) WHERE city_id IS NOT NULL;
CREATE INDEX orders_by_client ON orders (account_id, client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX orders_by_owner ON orders (account_id, owner_id, id) WHERE owner_id IS NOT NULL;
CREATE INDEX orders_by_update ON orders (account_id, updated_at_us);

CREATE TABLE tasks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    date_from_us BIGINT,
    date_to_us BIGINT,
    all_day BOOLEAN NOT NULL,
    color TEXT,
    text TEXT NOT NULL,
    order_id BIGINT,
    status_id BIGINT,
    type_id BIGINT,
    revision BIGINT NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, order_id) REFERENCES orders (account_id, id),
    FOREIGN KEY (account_id, status_id) REFERENCES directory_entries (account_id, id),
    FOREIGN KEY (account_id, type_id) REFERENCES directory_entries (account_id, id)
);
CREATE INDEX tasks_by_order ON tasks (account_id, order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX tasks_by_status ON tasks (account_id, status_id, id) WHERE status_id IS NOT NULL;
CREATE INDEX tasks_by_type ON tasks (account_id, type_id, id) WHERE type_id IS NOT NULL;
CREATE INDEX tasks_by_update ON tasks (account_id, updated_at_us);
