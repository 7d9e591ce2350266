-- Numbers that no event has, since events of before a backup was restored may have had them.
CREATE TABLE skipped_numbers (
    first_seq BIGINT NOT NULL PRIMARY KEY,
    last_seq BIGINT NOT NULL,
    skipped_at_us BIGINT NOT NULL
);
