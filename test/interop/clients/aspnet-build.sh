#!/bin/sh
# aspnet-build.sh FOLDER TEXT_WSDL MESSAGING_WSDL: generates proxies for both versions of SOAP and compiles AspNetClient.cs, all in FOLDER.
set -eu
source=$(dirname "$(realpath "$0")")
cd "$1"
for protocol in SOAP SOAP12; do
  for wsdl in "$2" "$3"; do
    version=${protocol#SOAP}
    namespace=Soap${version:-11}
    wsdl -nologo -protocol:$protocol -namespace:$namespace -out:$namespace-$(echo "$wsdl" | cksum | cut -d' ' -f1).cs "$wsdl"
  done
done
mcs -nologo -r:System.Web.Services -r:System.Web.Extensions -out:AspNetClient.exe ./*.cs "$source/AspNetClient.cs" "$source/AnswerCalls.cs"
