# shellcheck shell=sh disable=SC2154 # $dir comes from scripts/test-deploy
# A container engine of the test's own, where none runs. Sourced.

own_engine=

engine_start() {
    [ "$compose" != docker-compose ] || command -v docker-compose >/dev/null || install_packages docker-compose
    if docker info >/dev/null 2>&1; then
        echo "the engine that runs: $(docker version --format '{{.Server.Version}}')"
        return
    fi
    for program in docker dockerd iptables; do
        command -v $program >/dev/null || {
            install_packages docker.io iptables
            break
        }
    done
    own_engine=yes
    cat /proc/sys/net/ipv4/ip_forward >"$dir/ip_forward"
    iptables-save >"$dir/iptables"
    DOCKER_HOST=unix://$dir/docker.sock
    export DOCKER_HOST
    setsid dockerd --data-root "$dir/images" --exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" \
        --host "$DOCKER_HOST" >"$dir/dockerd.log" 2>&1 </dev/null 9>&- &
    waited=0
    until docker info >/dev/null 2>&1; do
        [ "$waited" -lt 60 ] || {
            show_log "$dir/dockerd.log"
            fail "dockerd does not start"
        }
        waited=$((waited + 1))
        sleep 0.5
    done
    echo "an engine of our own: $(docker version --format '{{.Server.Version}}')"
}

# Tables that were not there before, without rules.
bare_tables() {
    grep -q '^\*filter' "$dir/iptables" ||
        printf '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n'
    grep -q '^\*nat' "$dir/iptables" ||
        printf '*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n'
}

# Stops the engine that we started, and takes back what it did to the machine's network.
engine_stop() {
    [ -n "$own_engine" ] || return 0
    pid=$(cat "$dir/dockerd.pid" 2>/dev/null || true)
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        # It waits for containers that are left, 15 s at most.
        for _ in 1 2 3 4; do wait_for_end "$pid"; done
    fi
    { cat "$dir/iptables" && bare_tables; } | iptables-restore || true
    cat "$dir/ip_forward" >/proc/sys/net/ipv4/ip_forward
    for link in $(ip -o link show type bridge 2>/dev/null | sed -n 's/^[0-9]*: \(docker0\|br-[0-9a-f]\{12\}\):.*/\1/p'); do
        ip link delete "$link" || true
    done
    rm -rf "$dir/exec" "$dir/docker.sock" "$dir/iptables" "$dir/ip_forward"
    [ -n "$keep" ] || rm -rf "$dir/images"
    own_engine=
}
