#!/usr/bin/env bash
# Sets up a Debian or Ubuntu machine to run GPU models in Docker: the engine, NVIDIA's container toolkit, the two settings
# without which containers lose their GPUs later, and what containers are fenced with. Safe to run again; `--check` changes nothing and says what is missing.
#
#   infra/setup-gpu-host.sh [--check]
#
# The NVIDIA driver is not installed here: which one is right depends on the card. `nvidia-smi` must work first.
set -euo pipefail

check_only=
case "${1:-}" in
  --check) check_only=1 ;;
  '') ;;
  *) echo "usage: $0 [--check]; got '$1'" >&2; exit 2 ;;
esac

missing=0
ok() { printf 'ok       %s\n' "$*"; }
todo() { printf 'missing  %s\n' "$*"; missing=$((missing + 1)); }
doing() { printf 'doing    %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
root() { [ "$(id -u)" = 0 ] || { echo "run this as root (or with --check)" >&2; exit 1; }; }

# 1. Driver.
if have nvidia-smi && driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1) && [ -n "$driver" ]; then
  ok "NVIDIA driver $driver, $(nvidia-smi --list-gpus | wc -l) GPU(s)"
else
  todo 'an NVIDIA driver: nvidia-smi does not answer. Install the driver for your card, reboot, and run this again.'
  [ -n "$check_only" ] || exit 1
fi

# 2. Engine.
if have docker && docker info >/dev/null 2>&1; then
  ok "Docker Engine $(docker info --format '{{.ServerVersion}}')"
elif [ -n "$check_only" ]; then
  todo 'a Docker Engine that answers'
else
  root
  doing 'installing docker.io'
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker.io >/dev/null
  systemctl enable --now docker
fi

# 3. Container toolkit, from NVIDIA's own package repository (Debian has none in main).
if have nvidia-ctk; then
  ok "NVIDIA container toolkit $(nvidia-ctk --version | head -n 1 | awk '{print $NF}')"
elif [ -n "$check_only" ]; then
  todo 'the NVIDIA container toolkit (nvidia-ctk)'
else
  root
  doing 'installing nvidia-container-toolkit'
  apt-get install -y -qq curl gnupg >/dev/null
  curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey | gpg --dearmor --yes -o /usr/share/keyrings/nvidia-container-toolkit.gpg
  echo 'deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit.gpg] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /' \
    >/etc/apt/sources.list.d/nvidia-container-toolkit.list
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nvidia-container-toolkit >/dev/null
fi

# 4. The engine knows the runtime.
if have docker && docker info --format '{{json .Runtimes}}' 2>/dev/null | grep -q '"nvidia"'; then
  ok 'the engine has the nvidia runtime'
elif [ -n "$check_only" ]; then
  todo 'the nvidia runtime in the engine: nvidia-ctk runtime configure --runtime=docker, then restart docker'
else
  root
  doing 'telling the engine about the nvidia runtime (this restarts it)'
  nvidia-ctk runtime configure --runtime=docker >/dev/null
  systemctl restart docker
fi

# 5. A `systemctl daemon-reload` strips the GPUs from running containers where the device nodes lack their /dev/char
#    links (NVIDIA/nvidia-container-toolkit#48): make the links now and at each boot.
rule=/lib/udev/rules.d/71-nvidia-dev-char.rules
if [ -f "$rule" ]; then
  ok '/dev/char links are made at boot'
elif [ -n "$check_only" ]; then
  todo "/dev/char links for the GPUs ($rule): a daemon-reload would take the GPUs from running models"
else
  root
  doing "writing $rule"
  echo 'ACTION=="add", DEVPATH=="/bus/pci/drivers/nvidia", RUN+="/usr/bin/nvidia-ctk system create-dev-char-symlinks --create-all"' >"$rule"
  nvidia-ctk system create-dev-char-symlinks --create-all
fi

# 6. Persistence mode: without it the driver unloads between models and each first CUDA call waits for it.
if have nvidia-smi && [ "$(nvidia-smi --query-gpu=persistence_mode --format=csv,noheader 2>/dev/null | sort -u)" = Enabled ]; then
  ok 'persistence mode'
elif [ -n "$check_only" ]; then
  todo 'persistence mode: nvidia-smi -pm 1'
else
  root
  doing 'turning persistence mode on'
  nvidia-smi -pm 1 >/dev/null
fi

# 7. What Hearth fences containers with (docs/guides/security.md): the rules themselves are Hearth's, and come and go with it.
if have iptables && have iptables-restore; then
  ok "$(iptables --version)"
elif [ -n "$check_only" ]; then
  todo 'iptables: containers cannot be kept from the host and its networks'
else
  root
  doing 'installing iptables'
  apt-get install -y -qq iptables >/dev/null
fi

bridge=/etc/modules-load.d/hearth.conf
if [ "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" = 1 ] && [ -f "$bridge" ]; then
  ok 'traffic between containers is filtered'
elif [ -n "$check_only" ]; then
  todo "br_netfilter, loaded at boot ($bridge): containers on one bridge cannot be kept from each other"
else
  root
  doing "loading br_netfilter, now and at boot ($bridge)"
  echo br_netfilter >"$bridge"
  echo 'net.bridge.bridge-nf-call-iptables = 1' >/etc/sysctl.d/90-hearth.conf
  modprobe br_netfilter
  sysctl -q -p /etc/sysctl.d/90-hearth.conf
fi

if [ "$missing" -gt 0 ]; then
  printf '\n%s thing(s) missing; run %s as root to set them up.\n' "$missing" "$0"
  exit 1
fi
printf '\nThis machine is ready: start Hearth here, and GPU hardware (gpu-…) can be placed on it.\n'
