# shellcheck shell=sh disable=SC2154 # $dir comes from scripts/test-deploy
# Base images: pulled, or where there is no registry stand-ins made of Debian's packages, under the
# same names. They take the variables and folders of the real ones that our files use. Sourced.

# $1… images
have_images() {
    for wanted in "$@"; do
        if docker image inspect "$wanted" >/dev/null 2>&1; then
            echo "$wanted: there"
        elif timeout 20 docker pull --quiet "$wanted" >/dev/null 2>&1; then
            echo "$wanted: pulled"
        else
            stand_in "$wanted"
        fi
    done
}

stand_in() {
    case $1 in
    debian:*) ;;
    # What the others are made on.
    *) docker image inspect debian:bookworm-slim >/dev/null 2>&1 || stand_in debian:bookworm-slim ;;
    esac
    began=$(now)
    case $1 in
    debian:*) stand_in_debian "$1" ;;
    rust:*) stand_in_rust "$1" ;;
    postgres:* | rabbitmq:* | nginx:* | prom/prometheus:*)
        folder=${1##*/}
        docker build --quiet --tag "$1" "scripts/test-deploy.d/${folder%%:*}" >/dev/null
        ;;
    *) fail "there is no stand-in for $1" ;;
    esac
    echo "$1: a stand-in of Debian's packages, made in $(since "$began") s"
}

stand_in_debian() {
    command -v debootstrap >/dev/null || install_packages debootstrap
    rm -rf "$dir/debian"
    debootstrap --variant=minbase bookworm "$dir/debian" http://deb.debian.org/debian >"$dir/debootstrap.log" 2>&1 || {
        show_log "$dir/debootstrap.log"
        fail "debootstrap failed"
    }
    # As the real one has it: packages start no services.
    printf '#!/bin/sh\nexit 101\n' >"$dir/debian/usr/sbin/policy-rc.d"
    chmod 755 "$dir/debian/usr/sbin/policy-rc.d"
    # And it keeps nothing of what it fetched.
    printf '%s\n' 'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' \
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' \
        'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >"$dir/debian/etc/apt/apt.conf.d/docker-clean"
    rm -rf "$dir"/debian/var/cache/apt/archives/*.deb "$dir"/debian/var/lib/apt/lists/*
    tar -C "$dir/debian" --numeric-owner -c . | docker import --change 'CMD ["bash"]' - "$1" >/dev/null
    rm -rf "$dir/debian"
}

# This machine's Rust, with the crates that it has fetched already.
stand_in_rust() {
    context=$dir/rust
    rm -rf "$context"
    mkdir -p "$context/cargo/registry"
    cat >"$context/Dockerfile" <<'EOF'
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY toolchain /usr/local/toolchain
COPY cargo /usr/local/cargo
ENV PATH=/usr/local/toolchain/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CARGO_HOME=/usr/local/cargo
EOF
    registry=${CARGO_HOME:-$HOME/.cargo}/registry
    for part in index cache; do
        [ ! -d "$registry/$part" ] || cp -r "$registry/$part" "$context/cargo/registry/"
    done
    mkdir "$context/toolchain"
    tar -C "$(rustc --print sysroot)" --exclude=share --exclude=lib/rustlib/src -c . |
        tar -C "$context/toolchain" -x
    docker build --quiet --tag "$1" "$context" >/dev/null
    rm -rf "$context"
}
