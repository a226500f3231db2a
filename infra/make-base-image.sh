#!/bin/sh
# Makes sure the engine has the base image of the example models, node:24-bookworm-slim.
#
#   infra/make-base-image.sh [--node PATH] [--rootfs DIR] [--tag NAME] [--mirror URL] [--no-pull]
#
# 1. The image is there: nothing to do.
# 2. A registry answers: pulled.
# 3. Else made here: a minbase Debian bookworm (debootstrap, needs root) and a Node 24 binary, put in with docker import.
#    It differs from the official image in having no npm, no yarn and no entrypoint script.
#
#   --node PATH     Node 24 binary for Linux; default: the one in .tools, else `node` on PATH
#   --rootfs DIR    a debootstrapped bookworm that lies there already; it is read, never changed
#   --tag NAME      default node:24-bookworm-slim
#   --mirror URL    Debian mirror for debootstrap
#   --no-pull       do not ask a registry
set -eu

pull_timeout_s=30
tag=node:24-bookworm-slim
repository=$(cd "$(dirname "$0")/.." && pwd)
node= rootfs= mirror= pull=yes

say() { printf 'make-base-image: %s\n' "$*" >&2; }
refuse() { say "$*"; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --node | --rootfs | --tag | --mirror)
      [ $# -ge 2 ] || refuse "$1 needs a value"
      case $1 in
        --node) node=$2 ;;
        --rootfs) rootfs=$2 ;;
        --tag) tag=$2 ;;
        --mirror) mirror=$2 ;;
      esac
      shift 2 ;;
    --no-pull) pull=no; shift ;;
    -h | --help) sed -n '2,/^set -eu/{/^set -eu/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) refuse "unknown argument '$1'; allowed: --node --rootfs --tag --mirror --no-pull" ;;
  esac
done

command -v docker >/dev/null || refuse 'docker is not on PATH'
docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || refuse 'no Docker Engine answers (docker version failed)'

if docker image inspect "$tag" >/dev/null 2>&1; then
  say "$tag is there already"
  exit 0
fi
if [ $pull = yes ]; then
  say "asking a registry for $tag (at most $pull_timeout_s s)"
  if timeout $pull_timeout_s docker pull --quiet "$tag" >/dev/null 2>&1; then
    say "pulled $tag"
    exit 0
  fi
  say 'no registry gave it; making it here'
fi

if [ -z "$node" ]; then
  for candidate in "$repository"/.tools/node_modules/node-linux-*/bin/node "$(command -v node || true)"; do
    [ -x "$candidate" ] && node=$candidate && break
  done
fi
[ -n "$node" ] || refuse 'no Node binary found; name one with --node PATH'
version=$("$node" --version) || refuse "$node does not run"
case $version in v24.*) ;; *) refuse "$node is Node $version; the image needs Node 24" ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

if [ -z "$rootfs" ]; then
  command -v debootstrap >/dev/null || refuse 'debootstrap is missing (apt-get install debootstrap), or name a --rootfs DIR'
  [ "$(id -u)" = 0 ] || refuse 'debootstrap needs root; or name a --rootfs DIR'
  rootfs=$work/rootfs
  say 'debootstrap bookworm (about a minute)'
  debootstrap --variant=minbase bookworm "$rootfs" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 ||
    { tail -20 "$work/debootstrap.log" >&2; refuse 'debootstrap failed'; }
fi
[ -e "$rootfs/usr/bin/dpkg" ] || refuse "--rootfs $rootfs holds no Debian"
[ -e "$(echo "$rootfs"/usr/lib/*/libstdc++.so.6)" ] || refuse "$rootfs lacks libstdc++6, which Node links"

# What is laid over the system: the user of the official image (uid 1000), and Node. The host's resolver, host name and
# host keys stay out: the engine mounts its own.
over=$work/over
mkdir -p "$over/etc" "$over/usr/local/bin" "$work/home/home/node"
{ grep -v '^node:' "$rootfs/etc/passwd"; echo 'node:x:1000:1000::/home/node:/bin/bash'; } >"$over/etc/passwd"
{ grep -v '^node:' "$rootfs/etc/group"; echo 'node:x:1000:'; } >"$over/etc/group"
install -m 755 "$node" "$over/usr/local/bin/node"

say "packing Debian and Node $version"
tar -C "$rootfs" -cf "$work/image.tar" --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' \
  --exclude='./etc/passwd' --exclude='./etc/group' --exclude='./etc/resolv.conf' --exclude='./etc/hostname' \
  --exclude='./var/cache/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' \
  --exclude='./usr/share/locale/*' --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' .
tar -C "$over" -rf "$work/image.tar" --owner=0 --group=0 ./etc/passwd ./etc/group ./usr/local/bin/node
tar -C "$work/home" -rf "$work/image.tar" --owner=1000 --group=1000 ./home/node

docker import --change 'CMD ["node"]' --change "ENV NODE_VERSION=${version#v}" \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --message 'bookworm minbase with Node, made by make-base-image.sh' "$work/image.tar" "$tag" >/dev/null

docker run --rm --network none "$tag" node --version >/dev/null || refuse "$tag was made, but node does not run in it"
say "made $tag ($(docker image inspect --format '{{.Size}}' "$tag" | awk '{printf "%.0f MB", $1 / 1e6}'))"
