#!/bin/sh
# Any camera program, with statefocus between its frames:  CAMERA=program shell-loop.sh FRAMES SECONDS FILTER
# A 1 (stop) ends the loop, a 2 (wrong call) too; after a 1 that says "busy" the gate is called again. A 3, no session
# to be reached, does not end it: the night goes on at the last focus. `host.gate.when_down = "stop"` makes a 1 of it.
frames=${1:-20} seconds=${2:-300} filter=${3:-}; statefocus notify plan-started --frames "$frames"
for number in $(seq "$frames"); do
    until said=$(statefocus gate --frame light --filter "$filter" --exposure "$seconds") || [ $? -eq 3 ]
    do case $said in *'"answer": "busy"'*) ;; *) echo "$said"; exit 1; esac; done; echo "$said"
    file=$(printf 'light_%s_%04d.fits' "$filter" "$number")
    if "${CAMERA:?a program that takes SECONDS and FILE}" "$seconds" "$file"; then
        statefocus notify frame-saved --file "$PWD/$file"
    else statefocus notify exposure-failed --why "the camera program exited with $?"; fi
done
statefocus notify plan-finished
