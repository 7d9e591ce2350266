DROP TABLE parked_events;
DROP TABLE inbox_events;
DROP TABLE relay_state;
DROP TABLE outbox_bodies;
DROP TABLE outbox_events;
