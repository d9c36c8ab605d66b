#!/usr/bin/env bash
# A Flink cluster on this machine, with a SQL gateway where LIB has its jar, for as long as stdin stays open: so it ends
# with the process that started it, however that one ends.
#
#   flink.sh LIB FOLDER REST GATEWAY RPC BLOB TASKS DATA
#
# LIB is what tests/run installs; FOLDER is made, and removed in the end; the rest are free ports. The JVMs are started
# without Flink's own scripts, which leave daemons behind.
set -euo pipefail
lib="$1" folder="$2" rest="$3" gateway="$4" rpc="$5" blob="$6" tasks="$7" data="$8"

mkdir -p "$folder/conf" "$folder/log" "$folder/tmp" "$folder/plugins" "$folder/opt"
cat >"$folder/conf/config.yaml" <<CONFIG
jobmanager.rpc.address: localhost
jobmanager.rpc.port: $rpc
jobmanager.bind-host: localhost
jobmanager.memory.process.size: 1g
# A job that fails says why at once.
restart-strategy.type: none
blob.server.port: $blob
rest.address: localhost
rest.port: $rest
rest.bind-address: localhost
rest.bind-port: $rest
sql-gateway.endpoint.rest.address: localhost
sql-gateway.endpoint.rest.bind-address: localhost
sql-gateway.endpoint.rest.port: $gateway
sql-gateway.endpoint.rest.bind-port: $gateway
sql-gateway.worker.threads.max: 64
taskmanager.host: localhost
taskmanager.bind-host: localhost
taskmanager.rpc.port: $tasks
taskmanager.data.port: $data
taskmanager.data.bind-port: $data
taskmanager.numberOfTaskSlots: 32
# Flink's scripts would work these out from a total.
taskmanager.cpu.cores: 32.0
taskmanager.memory.framework.heap.size: 128m
taskmanager.memory.framework.off-heap.size: 128m
taskmanager.memory.task.heap.size: 896m
taskmanager.memory.task.off-heap.size: 0m
taskmanager.memory.network.min: 256m
taskmanager.memory.network.max: 256m
taskmanager.memory.managed.size: 256m
taskmanager.memory.jvm-metaspace.size: 512m
taskmanager.memory.jvm-overhead.min: 256m
taskmanager.memory.jvm-overhead.max: 256m
io.tmp.dirs: $folder/tmp
execution.target: remote
CONFIG
cat >"$folder/conf/log4j.properties" <<'LOGGING'
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c{1} %m%n
LOGGING

export FLINK_HOME="$folder" FLINK_CONF_DIR="$folder/conf" FLINK_LIB_DIR="$lib"
export FLINK_OPT_DIR="$folder/opt" FLINK_PLUGINS_DIR="$folder/plugins"

opens=()
for package in java.lang java.lang.reflect java.net java.io java.nio java.text java.time java.util java.util.concurrent \
    java.util.concurrent.atomic java.util.concurrent.locks sun.nio.ch; do
    opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
done
start() { # NAME HEAP CLASS [ARGUMENT…]
    local name="$1" heap="$2"
    shift 2
    # Short-lived work on few cores: the quick compiler and the plain collector.
    java "-Xmx$heap" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxDirectMemorySize=768m "${opens[@]}" \
        -Djava.net.preferIPv4Stack=true "-Djava.io.tmpdir=$folder/tmp" "-Dlog4j.configurationFile=$folder/conf/log4j.properties" \
        -cp "$lib/*" "$@" >"$folder/log/$name.log" 2>&1 </dev/null &
}
start jobmanager 768m org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint \
    --configDir "$folder/conf" --executionMode cluster
start taskmanager 1024m org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$folder/conf"
compgen -G "$lib/flink-sql-gateway-*.jar" >/dev/null && start gateway 1024m org.apache.flink.table.gateway.SqlGateway

cat >/dev/null || true
# shellcheck disable=SC2046
kill -9 $(jobs -p) 2>/dev/null || true
wait || true
rm -rf "$folder"
