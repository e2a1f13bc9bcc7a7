#!/bin/sh
# Ekos, "pre-capture" script of a job: Ekos waits for it before each frame. Ekos gives it no arguments: for filters and
# exposures, make copies with these two set. Ekos goes on whatever its exit code, so a stop (1) is told over D-Bus; after
# a 1 that says "busy" the gate is called again. A 3, no session to be reached, lets the night go on at the last focus;
# `host.gate.when_down = "stop"` makes a 1 of it.
FILTER=${FILTER:-} EXPOSURE=${EXPOSURE:-}
while
    said=$(statefocus gate --host ekos --frame "${FRAME:-light}" --filter "$FILTER" ${EXPOSURE:+--exposure "$EXPOSURE"})
    code=$?
    echo "$said"
    [ "$code" -eq 1 ]
do
    case $said in *'"answer": "busy"'*) continue ;; esac
    dbus-send --session --dest=org.kde.kstars --type=method_call /KStars/Ekos/Capture org.kde.kstars.Ekos.Capture.abort
    break
done
exit "$code"
