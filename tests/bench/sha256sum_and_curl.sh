#!/bin/sh
# What a shell script does today that publishes by hand: sha256sum, then a signed PUT with curl.
# Arguments: FILE OBJECT_KEY. Endpoint, keys and bucket come from the environment, by the names that the emulator prints.
set -eu
file=$1
key=$2
digest=$(sha256sum "$file" | cut -d ' ' -f 1)
date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
type=application/octet-stream
text=$(printf 'PUT\n\n%s\n%s\n/%s/%s' "$type" "$date" "$IOTDA_OTA_BUCKET" "$key")
signature=$(printf '%s' "$text" | openssl dgst -sha1 -hmac "$HUAWEICLOUD_SDK_SK" -binary | openssl base64)
curl --silent --show-error --fail --noproxy '*' --upload-file "$file" --header "Content-Type: $type" --header "Date: $date" \
    --header "Authorization: OBS $HUAWEICLOUD_SDK_AK:$signature" "$IOTDA_OTA_OBS_ENDPOINT/$IOTDA_OTA_BUCKET/$key"
printf '%s\n' "$digest"
