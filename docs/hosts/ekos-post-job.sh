#!/bin/sh
# Ekos, "post-job" script: the plan is over.
statefocus notify plan-finished || exit 0
