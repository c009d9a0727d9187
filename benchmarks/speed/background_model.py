"""What is usually written with OpenCV: a background model, its threshold, a clean-up and the outlines. A peer.

python benchmarks/speed/background_model.py MOG2|KNN CLIP
"""

from __future__ import annotations

import sys

import cv2
import numpy as np


def main() -> int:
    name, clip = sys.argv[1:]
    cv2.setNumThreads(1)
    model = {"MOG2": cv2.createBackgroundSubtractorMOG2, "KNN": cv2.createBackgroundSubtractorKNN}[name]()
    kernel = np.ones((5, 5), np.uint8)
    capture, frames, boxes = cv2.VideoCapture(clip), 0, 0
    while True:
        read, picture = capture.read()
        if not read:
            break
        frames += 1
        _, mask = cv2.threshold(model.apply(picture), 200, 255, cv2.THRESH_BINARY)
        outlines, _ = cv2.findContours(
            cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        boxes += len([cv2.boundingRect(outline) for outline in outlines])
    print(f"{frames} frames read, {boxes} boxes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
