#!/usr/bin/env bash
# The whole road: train a balancer, evaluate it in two simulators, export it, film it.
# Needs the extra `upkie`; `make demo` installs everything and starts this.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

step() { printf '\n== %s\n' "$1" >&2; }

step "Train (the last line of standard output is the run's folder)"
run=$(surefoot train upkie-pendulum | tail -n 1)

step "Evaluate in MuJoCo, where it was trained"
surefoot eval "$run"

step "Evaluate the same policy in PyBullet, which it has never seen"
surefoot eval "$run" --env Upkie-PyBullet-Pendulum

step "Export the policy for the robot"
surefoot export "$run"

step "Film it"
surefoot play "$run" --video demo.mp4

step "Done"
echo "run     $run"
echo "policy  $run/policy.onnx, described by $run/policy.json"
echo "video   $PWD/demo.mp4"
