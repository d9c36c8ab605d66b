#!/usr/bin/env bash
# Starts the code of an application as Managed Service for Apache Flink does: with PyFlink, on a cluster that is there,
# and with the application's properties in /etc/flink/application_properties.json.
#
#   unshare --map-root-user --mount managed_flink.sh LIB PYFLINK CLUSTER PROPERTIES [OPTION OF flink run…]
#
# LIB has Flink's own jars; PYFLINK is what tests/run installs; CLUSTER is the folder of the cluster. The mount namespace
# is this process's own: nobody else sees another /etc, and nothing is left of it.
set -euo pipefail
lib="$1" pyflink="$2" cluster="$3" properties="$4"
shift 4

etc="$(mktemp -d "$cluster/tmp/etc.XXXXXX")"
# What a person may not read, nobody here needs.
cp -a --no-preserve=ownership /etc/. "$etc" 2>/dev/null || true
mkdir -p "$etc/flink"
cp "$properties" "$etc/flink/application_properties.json"
mount --bind "$etc" /etc

export FLINK_HOME="$cluster" FLINK_CONF_DIR="$cluster/conf" FLINK_LIB_DIR="$lib" FLINK_OPT_DIR="$pyflink/opt"
# Not where the code lies.
cd /
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED \
    "-Djava.io.tmpdir=$cluster/tmp" "-Dlog4j.configurationFile=$cluster/conf/log4j.properties" \
    -cp "$lib/*" org.apache.flink.client.cli.CliFrontend run --detached -pyclientexec "$pyflink/bin/python" "$@"
