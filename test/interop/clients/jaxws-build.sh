#!/bin/sh
# jaxws-build.sh FOLDER TEXT_WSDL MESSAGING_WSDL: generates proxies and compiles JaxWsClient.java, all in FOLDER.
set -eu
source=$(dirname "$(realpath "$0")")
. "$source/jaxws-classpath.sh"
cd "$1"
for wsdl in "$2" "$3"; do
  # -extension: wsimport leaves out a port of SOAP 1.2 without it.
  java com.sun.tools.ws.WsImport -quiet -extension -keep -Xnocompile -d . "$wsdl"
done
javac -nowarn -J-XX:TieredStopAtLevel=1 -d . $(find . -name '*.java') "$source/JaxWsClient.java"
