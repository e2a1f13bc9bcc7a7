#!/bin/sh
# Ekos, "pre-capture" script of a job: Ekos waits for it before each frame. A copy for each filter and exposure can say
# more: Ekos gives its scripts no arguments. This one takes them from the environment, or says nothing of them.
exec statefocus gate --host ekos --frame "${FRAME:-light}" --filter "${FILTER:-}" ${EXPOSURE:+--exposure "$EXPOSURE"}
