-- One row: up to which time of their events rows may be gone.
CREATE TABLE retention (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    deliveries_before_us BIGINT NOT NULL,
    events_before_us BIGINT NOT NULL
);
INSERT INTO retention VALUES (1, 0, 0);
