#!/bin/sh
# Ekos, "post-capture" script of a job: tells that the frame was saved. Never fails, since Ekos would abort the job.
statefocus notify frame-saved || exit 0
