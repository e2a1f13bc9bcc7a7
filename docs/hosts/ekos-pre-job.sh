#!/bin/sh
# Ekos, "pre-job" script: a plan begins. Never fails, since Ekos would not begin the job.
statefocus notify plan-started || exit 0
