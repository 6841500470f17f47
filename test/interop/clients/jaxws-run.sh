#!/bin/sh
# jaxws-run.sh CLASS: runs a program that jaxws-build.sh compiled in this folder.
set -eu
. "$(dirname "$(realpath "$0")")/jaxws-classpath.sh"
exec java "$1"
