#!/bin/sh
# gsoap-build.sh FOLDER TEXT_WSDL MESSAGING_WSDL: generates stubs and compiles gsoap-client.c, all in FOLDER.
set -eu
source=$(dirname "$(realpath "$0")")
cd "$1"
wsdl2h -c -o api.h "$2" "$3"
soapcpp2 -c -C -L -x -I/usr/share/gsoap/import api.h
gcc -O0 -I. -o gsoap-client "$source/gsoap-client.c" soapC.c soapClient.c -lgsoap -lcjson
