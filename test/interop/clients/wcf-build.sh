#!/bin/sh
# wcf-build.sh FOLDER: compiles WcfClient.cs in FOLDER.
set -eu
source=$(dirname "$(realpath "$0")")
mcs -nologo -r:System.ServiceModel -r:System.Runtime.Serialization -r:System.Web.Extensions \
  -out:"$1/WcfClient.exe" "$source/WcfClient.cs" "$source/WcfContracts.cs" "$source/AnswerCalls.cs"
