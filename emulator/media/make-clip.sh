#!/bin/sh
# Makes clip.mp4: four seconds of a test picture with a running counter, and a soft tone.
# Exactly four, and without B-frames: lengths and loop counts in tests are then round numbers.
set -eu
cd "$(dirname "$0")"
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "testsrc2=size=640x360:rate=25:duration=4" \
  -f lavfi -i "sine=frequency=440:sample_rate=48000:duration=4" \
  -filter:a "volume=0.25" -t 4 \
  -c:v libx264 -preset veryslow -profile:v high -pix_fmt yuv420p -bf 0 -g 25 -crf 30 \
  -c:a aac -b:a 48k -ac 2 \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
  -movflags +faststart clip.mp4
