#!/usr/bin/env bash
# The Kinesis Client Library and the consumer that uses it, ready to run with `java -cp "LIB/*:LIB" Consumer`.
#
#   fetch.sh LIB
#
# LIB is made anew, unless it is there already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
kcl="software.amazon.kinesis:amazon-kinesis-client:3.5.1"
# What it logs goes to stderr.
logger="org.slf4j:slf4j-simple:2.0.13"
lib="$1"
wanted="$kcl $logger"

dependency() { # GROUP:ARTIFACT:VERSION [EXCLUDED GROUP]
    local group artifact version
    IFS=: read -r group artifact version <<<"$1"
    echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version><exclusions>"
    for group in "${@:2}"; do
        echo "<exclusion><groupId>$group</groupId><artifactId>*</artifactId></exclusion>"
    done
    echo "</exclusions></dependency>"
}

if [[ "$(cat "$lib/.wanted" 2>/dev/null)" != "$wanted" ]]; then
    rm -rf "$lib"
    mkdir -p "$lib"
    # Without the Glue schema registry, which nobody asks, and its 49 MB.
    cat >"$lib/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>pipe</groupId>
  <artifactId>peers</artifactId>
  <version>1</version>
  <dependencies>$(dependency "$kcl" software.amazon.glue)$(dependency "$logger")</dependencies>
</project>
POM
    mvn --batch-mode --quiet --file "$lib/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$(cd "$lib" && pwd)" >"$lib/maven.log" 2>&1 || { cat "$lib/maven.log"; exit 1; }
    echo "$wanted" >"$lib/.wanted"
fi
javac -d "$lib" -cp "$lib/*" "$here/Consumer.java"
