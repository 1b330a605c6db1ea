#!/bin/sh
# Makes the samples beside clip.mp4: what TRTC takes in other containers, and what it refuses.
# As small as each can be: a slow picture of a few colours, and a soft tone.
set -eu
cd "$(dirname "$0")"

plain="-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"
picture() { printf 'testsrc=size=%s:rate=%s:duration=%s' "$1" "$2" "$3"; }
tone="sine=frequency=440:sample_rate=48000:duration=4"
h264="-c:v libx264 -preset veryslow -pix_fmt yuv420p -bf 0 -crf 40"
aac="-filter:a volume=0.25 -c:a aac -b:a 24k -ac 1"
# shellcheck disable=SC2086
make() { ffmpeg -hide_banner -loglevel error -y "$@"; }

# Refused: over 1080p, over 30 frames a second, H.265.
make -f lavfi -i "color=c=navy:size=3840x2160:rate=25:duration=4" $h264 $plain -movflags +faststart uhd.mp4
make -f lavfi -i "$(picture 160x90 60 2)" $h264 $plain -movflags +faststart 60fps.mp4
make -f lavfi -i "$(picture 160x90 25 2)" -c:v libx265 -x265-params log-level=error -crf 40 -tag:v hvc1 $plain h265.mp4

# Sound alone.
make -f lavfi -i "$tone" -filter:a volume=0.25 -c:a libmp3lame -b:a 32k -ac 1 $plain -id3v2_version 0 tone.mp3
make -f lavfi -i "$tone" $aac $plain -movflags +faststart tone.m4a

# Picture and sound in the other containers; the index of the MOV is at its end. The segments are
# not named .ts, which compilers take for theirs.
make -f lavfi -i "$(picture 160x90 25 4)" -f lavfi -i "$tone" $h264 -g 50 $aac $plain small.flv
make -i small.flv -c copy $plain small.mov
make -i small.flv -c copy $plain -f hls -hls_time 2 -hls_list_size 0 -hls_playlist_type vod \
  -hls_segment_filename 'small-%d.m2ts' small.m3u8
