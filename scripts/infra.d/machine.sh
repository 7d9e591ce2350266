# shellcheck shell=sh disable=SC2154 # $name, $root and $dir come from scripts/infra
# What scripts/infra needs of the machine: packages, ports, processes, a lock.
# Sourced.

fail() {
    echo "infra: $*" >&2
    exit 1
}

# Installs Debian packages, without starting the services that they bring.
install_packages() {
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root=sudo
    else
        as_root=none
    fi
    if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
        fail "missing: $* (Debian's names); install it, or name a server in TEST_DATABASE_URL and TEST_AMQP_URL"
    fi
    echo "infra: installing $*" >&2
    # A runlevel in which no service starts is what keeps the default ones down.
    # shellcheck disable=SC2086 # no word at all where there is no prefix
    {
        $as_root apt-get update -qq >&2
        $as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >&2
    }
}

# Holds this name's lock until the script ends; servers are started without it.
one_at_a_time() {
    mkdir -p "$root"
    # The user that PostgreSQL runs as has to get through to its data.
    chmod 755 "$root"
    exec 9>"$root/$name.lock"
    flock -w 180 9 || fail "another scripts/infra holds $root/$name.lock"
}

# Whether something listens on a TCP port of this machine.
listening() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf ':%04X' "$1")" '
            $4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
            END { exit !found }'
}

port() { echo $((first_port + $1)); }
postgres_port() { port 3; }
amqp_port() { port 4; }
management_port() { port 5; }
distribution_port() { port 6; }
epmd_port() { port 7; }

# Another name of this user keeps its ports, even while its servers are down.
taken_by_another_name() {
    for ports in "$root"/*/ports; do
        [ "$ports" != "$dir/ports" ] && [ -f "$ports" ] && [ "$(cat "$ports")" = "$1" ] && return 0
    done
    return 1
}

# Sets $first_port, if this name has its ports already.
read_ports() {
    first_port=0
    [ ! -f "$dir/ports" ] || first_port=$(cat "$dir/ports")
}

# Takes ten ports in a row, always the same for a name unless they are taken.
# They lie below those that the system gives to outgoing connections: one of
# those could take a port while its server is down.
choose_ports() {
    # One of the two may be running and must stay where it is.
    if [ "$first_port" -ne 0 ] && [ -n "$(postgres_pid)$(rabbitmq_pid)" ]; then
        return 0
    fi
    mkdir -p "$dir"
    chmod 755 "$dir"
    # Names choose one after the other.
    exec 8>"$root/ports.lock"
    flock -w 60 8 || fail "another scripts/infra holds $root/ports.lock"
    if [ "$name" = test ]; then
        slot=0
    else
        slot=$(($(printf %s "$name" | cksum | cut -d' ' -f1) % 500 + 1))
    fi
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        first_port=$((25430 + slot * 10))
        free=yes
        taken_by_another_name "$first_port" && free=
        for offset in 3 4 5 6 7; do listening "$(port $offset)" && free=; done
        if [ -n "$free" ]; then
            echo "$first_port" >"$dir/ports"
            exec 8>&-
            return 0
        fi
        slot=$(((slot + 1) % 501))
    done
    fail "no ten free ports in a row near $first_port"
}

# Waits until a port is listened to; gives up when the process is gone.
# $1 port, $2 process, $3 seconds, $4 the log to show then.
wait_for_port() {
    tries=$(($3 * 10))
    until listening "$1"; do
        tries=$((tries - 1))
        if [ $tries -le 0 ] || ! kill -0 "$2" 2>/dev/null; then
            show_log "$4"
            fail "nothing listens on port $1; the log is $4"
        fi
        sleep 0.1
    done
}

show_log() {
    echo "infra: last lines of $1:" >&2
    tail -n 20 "$1" >&2 || true
}

# A process and all below it, the topmost first.
family() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v top="$1" '
        { pid = $1; sub(/^.*\) /, ""); parent[pid] = $2 }
        END {
            member[top] = 1
            print top
            do {
                found = 0
                for (pid in parent)
                    if (!(pid in member) && parent[pid] in member) {
                        member[pid] = 1
                        print pid
                        found = 1
                    }
            } while (found)
        }'
}

# $1 signal, $2 the topmost process. That one first: stopped, it starts no more.
signal_family() {
    kill -s "$1" "$2" 2>/dev/null || true
    for member in $(family "$2"); do kill -s "$1" "$member" 2>/dev/null || true; done
}

# SIGKILL, and gone when this returns.
kill_family() {
    kill -s STOP "$1" 2>/dev/null || true
    members=$(family "$1")
    for member in $members; do kill -s KILL "$member" 2>/dev/null || true; done
    for member in $members; do wait_for_end "$member"; done
}

# Five seconds at most.
wait_for_end() {
    tries=100
    while alive "$1" && [ $tries -gt 0 ]; do
        tries=$((tries - 1))
        sleep 0.05
    done
}

# A zombie waits for nobody but its parent.
alive() {
    case $(state_letter "$1") in
    '' | Z | X) return 1 ;;
    *) return 0 ;;
    esac
}

state_letter() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true; }

state_of() {
    case $(state_letter "$1") in
    T | t) echo paused ;;
    *) echo running ;;
    esac
}

# Megabytes of a process and all below it, shared pages counted once.
memory_of() {
    for member in $(family "$1"); do
        sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$member/smaps_rollup" 2>/dev/null || true
    done | awk '{ sum += $1 } END { printf "%d", sum / 1024 }'
}
