# shellcheck shell=sh disable=SC2154 # $name, $root and $dir come from scripts/infra
# The PostgreSQL server of scripts/infra. Sourced; uses machine.sh.
#
# Whoever connects over loopback is let in as any role, except the role
# `with_password`, whose password is `right`: for trying a wrong one.

# The newest that is installed, as Debian lays them out, else the one on the path.
postgres_programs() {
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n -r); do
        if [ -x "$bin/initdb" ]; then
            echo "$bin"
            return
        fi
    done
    program=$(command -v initdb) && dirname "$(readlink -f "$program")"
}

postgres_url() { echo "postgres://postgres@127.0.0.1:$(postgres_port)/postgres"; }

postgres_install() { [ -n "$(postgres_programs)" ] || install_packages postgresql; }

# The server refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid postgres --regid postgres --init-groups "$@" 9>&-
    else
        "$@" 9>&-
    fi
}

# The server's process, if it runs on this data: a number in a file may be another's by now.
postgres_pid() {
    pid=$(head -n 1 "$dir/postgres/data/postmaster.pid" 2>/dev/null) || return 0
    data=$(readlink -f "$dir/postgres/data")
    if [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$data" ] && alive "$pid"; then
        echo "$pid"
    fi
}

postgres_prepare() {
    [ ! -f "$dir/postgres/ready" ] || return 0
    rm -rf "$dir/postgres"
    mkdir "$dir/postgres"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir/postgres"
    if [ -n "${DEALWIRE_INFRA_DATABASE_DIR-}" ]; then
        rm -rf "${DEALWIRE_INFRA_DATABASE_DIR:?}/$name"
        as_postgres mkdir "$DEALWIRE_INFRA_DATABASE_DIR/$name"
        ln -s "$DEALWIRE_INFRA_DATABASE_DIR/$name" "$dir/postgres/data"
    fi
    if ! (cd "$dir/postgres" && as_postgres "$(postgres_programs)/initdb" --pgdata data \
        --username postgres --auth trust --encoding UTF8 --no-locale >initdb.log 2>&1); then
        show_log "$dir/postgres/initdb.log"
        fail 'initdb failed'
    fi
    cat >"$dir/postgres/data/pg_hba.conf" <<HBA
host  all  with_password  127.0.0.1/32  scram-sha-256
host  all  all            127.0.0.1/32  trust
local all  all                          trust
HBA
    as_postgres mkdir "$dir/postgres/socket"
    # What tests show has to hold with the settings that real data would have:
    # fsync stays on.
    cat >>"$dir/postgres/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir/postgres/socket'
max_connections = 200
log_line_prefix = '%m [%p] %q%a %d '
CONF
    # On a disk that may be small, the log that a crash needs does not take all of it.
    [ -z "${DEALWIRE_INFRA_DATABASE_DIR-}" ] ||
        echo 'max_wal_size = 128MB' >>"$dir/postgres/data/postgresql.conf"
}

postgres_launch() {
    # What a killed server left behind; nothing runs on this data.
    rm -f "$dir/postgres/data/postmaster.pid" "$dir/postgres/socket/.s.PGSQL."*
    # From its folder: an ordinary server could not enter this one as another user.
    if ! (cd "$dir/postgres" && as_postgres "$(postgres_programs)/pg_ctl" start --wait --silent --timeout 60 \
        --pgdata "$dir/postgres/data" --log "$dir/postgres/log" --options "-p $(postgres_port)" >/dev/null 2>&1); then
        show_log "$dir/postgres/log"
        fail "PostgreSQL did not start; the log is $dir/postgres/log"
    fi
}

postgres_wait() {
    [ ! -f "$dir/postgres/ready" ] || return 0
    "$(postgres_programs)/psql" "$(postgres_url)" --quiet --no-psqlrc --set ON_ERROR_STOP=1 \
        --command "CREATE ROLE with_password LOGIN PASSWORD 'right'" ||
        fail 'PostgreSQL does not answer'
    : >"$dir/postgres/ready"
}

# As an operator does: what is under way is rolled back, the data is written. $1 its process.
postgres_end() {
    kill -s INT "$1"
    wait_for_end "$1"
    ! alive "$1" || kill_family "$1"
}

# At once, since the data goes too; but by the server itself, which gives back its shared memory.
postgres_stop() {
    pid=$(postgres_pid)
    [ -n "$pid" ] || return 0
    signal_family CONT "$pid"
    kill -s QUIT "$pid" 2>/dev/null || true
    wait_for_end "$pid"
    ! alive "$pid" || kill_family "$pid"
}
