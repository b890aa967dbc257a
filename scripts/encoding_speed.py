"""Time encoding beside the library's defaults: python -m scripts.encoding_speed."""

from training.command import run
from training.encoding_speed import EncodingSpeedSettings, measure_encoding_speed

if __name__ == "__main__":
    run(EncodingSpeedSettings, measure_encoding_speed)
