#!/bin/bash
# Run by the image of PostgreSQL on an empty volume: a database and an owner for each
# service. None sees another's.
set -euo pipefail

for service in entity intake delivery; do
    psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username postgres --dbname postgres \
        --set name="dealwire_$service" \
        --set password="$(cat "/run/secrets/postgres/$service")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
