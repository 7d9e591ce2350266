# shellcheck shell=sh disable=SC2154 # $name, $root and $dir come from scripts/infra
# The RabbitMQ server of scripts/infra, with the management plugin. Sourced;
# uses machine.sh. The user is guest, the password guest.

# Not those on the path, which change to another user and home.
rabbitmq_programs=/usr/lib/rabbitmq/bin

rabbitmq_url() { echo "amqp://guest:guest@127.0.0.1:$(amqp_port)"; }
rabbitmq_management_url() { echo "http://guest:guest@127.0.0.1:$(management_port)"; }

rabbitmq_install() { [ -x "$rabbitmq_programs/rabbitmq-server" ] || install_packages rabbitmq-server; }

# Runs a program with everything that keeps this server apart from others.
as_rabbitmq() (
    home=$dir/rabbitmq
    cd "$home" || exit 1
    unset RABBITMQ_USE_LONGNAME RABBITMQ_NODE_PORT RABBITMQ_NODE_IP_ADDRESS
    export HOME="$home"
    export RABBITMQ_NODENAME="dealwire-$name@localhost"
    export RABBITMQ_MNESIA_BASE="$home/mnesia"
    export RABBITMQ_LOG_BASE="$home/log"
    export RABBITMQ_PID_FILE="$home/pid"
    export RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf"
    export RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config"
    export RABBITMQ_CONF_ENV_FILE="$home/environment"
    export RABBITMQ_GENERATED_CONFIG_DIR="$home/generated"
    export RABBITMQ_SCHEMA_DIR="$home/schema"
    export RABBITMQ_ENABLED_PLUGINS_FILE="$home/plugins"
    RABBITMQ_DIST_PORT=$(distribution_port)
    ERL_EPMD_PORT=$(epmd_port)
    export RABBITMQ_DIST_PORT ERL_EPMD_PORT
    export ERL_EPMD_ADDRESS=127.0.0.1
    # Schedulers that wait in a loop would take the processor from what is tested.
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +sbwt none'
    exec "$@" 9>&-
)

# The server's process, if it runs on this data: a number in a file may be another's by now.
rabbitmq_pid() {
    pid=$(cat "$dir/rabbitmq/pid" 2>/dev/null) || return 0
    if alive "$pid" && tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null |
        grep -qxF "RABBITMQ_MNESIA_BASE=$dir/rabbitmq/mnesia"; then
        echo "$pid"
    fi
}

rabbitmq_prepare() {
    home=$dir/rabbitmq
    mkdir -p "$home/generated" "$home/schema" "$home/log"
    chmod 700 "$home"
    if [ ! -f "$home/.erlang.cookie" ]; then
        (umask 077 && tr -d '\n' </proc/sys/kernel/random/uuid >"$home/.erlang.cookie")
    fi
    : >"$home/environment"
    echo '[].' >"$home/advanced.config"
    echo '[rabbitmq_management].' >"$home/plugins"
    # Quorum queues keep their write-ahead log in memory until it is full; the
    # default of 512 MB is more than a test machine wants to give.
    cat >"$home/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$(amqp_port)
management.tcp.ip = 127.0.0.1
management.tcp.port = $(management_port)
raft.wal_max_size_bytes = 67108864
CONF
}

rabbitmq_launch() {
    rm -f "$dir/rabbitmq/pid"
    # Redirected for good, not for one command: this shell waits as long as the
    # server runs, and would keep the lock and the caller's output meanwhile.
    (
        exec </dev/null >"$dir/rabbitmq/log/output" 2>&1 9>&-
        as_rabbitmq setsid "$rabbitmq_programs/rabbitmq-server"
    ) &
    rabbitmq_launcher=$!
}

rabbitmq_wait() {
    wait_for_port "$(amqp_port)" "$rabbitmq_launcher" 90 "$dir/rabbitmq/log/output"
    wait_for_port "$(management_port)" "$rabbitmq_launcher" 30 "$dir/rabbitmq/log/output"
}

# As an operator does. $1 its process, which is the shell or Erlang itself.
rabbitmq_end() {
    members=$(family "$1")
    as_rabbitmq "$rabbitmq_programs/rabbitmqctl" -q shutdown --timeout 30 >/dev/null 2>&1 || kill_family "$1"
    for member in $members; do wait_for_end "$member"; done
}

# At once, since the data goes too.
rabbitmq_stop() {
    pid=$(rabbitmq_pid)
    [ -z "$pid" ] || kill_family "$pid"
    if listening "$(epmd_port)" && [ -f "$dir/rabbitmq/.erlang.cookie" ]; then
        as_rabbitmq epmd -kill >/dev/null 2>&1 || true
    fi
}
