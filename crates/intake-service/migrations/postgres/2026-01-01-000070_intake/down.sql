DROP TABLE leads;
DROP TABLE intake_bodies;
DROP TABLE intake_requests;
DROP TABLE sources;
