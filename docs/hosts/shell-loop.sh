#!/bin/sh
# Any camera program, with statefocus between its frames:  CAMERA=program shell-loop.sh FRAMES SECONDS FILTER
frames=${1:-20} seconds=${2:-300} filter=${3:-}
statefocus notify plan-started --frames "$frames"
for number in $(seq "$frames"); do
    statefocus gate --frame light --filter "$filter" --exposure "$seconds" || exit
    file=$(printf 'light_%s_%04d.fits' "$filter" "$number")
    if "${CAMERA:?a program that takes SECONDS and FILE}" "$seconds" "$file"; then
        statefocus notify frame-saved --file "$PWD/$file"
    else statefocus notify exposure-failed --why "the camera program exited with $?"; fi
done
statefocus notify plan-finished
