#!/usr/bin/env bash
# Builds one image, pushes it, and notes its reference by digest in digests/IMAGE.
#   containers/build.sh IMAGE BASE REPOSITORY TAG
set -euo pipefail
image=$1 base=$2 repository=$3 tag=$4

if [[ $base != *@sha256:* ]]; then
    echo "error: the base of $image is '$base': name it by digest, as NAME@sha256:..." >&2
    exit 65
fi
# Dataflow mounts folders into its workers' containers that only root may write to.
run_as=1000
[[ $image == beam ]] && run_as=0
docker build --file containers/Dockerfile --build-arg "IMAGE=$image" --build-arg "BASE=$base" \
    --build-arg "REVISION=$tag" --build-arg "RUN_AS=$run_as" --tag "$repository/$image:$tag" .
docker push --quiet "$repository/$image:$tag"
mkdir -p digests
docker inspect --format '{{index .RepoDigests 0}}' "$repository/$image:$tag" >"digests/$image"
