#!/bin/sh
# Ekos, "pre-capture" script of a job: Ekos waits for it before each frame. Ekos gives it no arguments: for filters and
# exposures, make copies with these two set. Ekos goes on whatever its exit code, so a stop (1) is told over D-Bus. A 3, no
# session to be reached, lets the night go on at the last focus; `host.gate.when_down = "stop"` makes a 1 of it.
FILTER=${FILTER:-} EXPOSURE=${EXPOSURE:-}
statefocus gate --host ekos --frame "${FRAME:-light}" --filter "$FILTER" ${EXPOSURE:+--exposure "$EXPOSURE"}
code=$?
if [ "$code" -eq 1 ]; then
    dbus-send --session --dest=org.kde.kstars --type=method_call /KStars/Ekos/Capture org.kde.kstars.Ekos.Capture.abort
fi
exit "$code"
