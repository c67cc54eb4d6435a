#!/bin/sh
# Writes a password for every user of nats.conf, as lines that docker compose, systemd and kubectl read:
#
#   deploy/passwords.sh > deploy/.env
#
# They begin with a letter, because nats-server reads a value like 12345 or 1e5 as a number.
set -eu
umask 077
for user in N1 N2 N3 N4 N5 N6 N7 CLIENT; do
  secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "SYNOD_NATS_PASSWORD_$user=s$secret"
done
