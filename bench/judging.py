"""What it costs to judge one request: `python -m bench.judging`. Milliseconds of CPU, the median of batches.

The texts are the worst that fit: prose full of markers, in scripts with and without spaces, and runs of quotation
marks and colons.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import sys
import time
from collections.abc import Mapping
from statistics import median

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity import classify_request

SMALL, LARGE = 2 * 1024, 16 * 1024
"""Characters; the second is the longest query there is."""
BATCHES, TIMES = 9, 100

TEXTS: Mapping[str, str] = {
    "English": "Explain why the distributed design must, at least in detail, prove its first step: compare and write. ",
    "German": "Erkläre ausführlich, warum die verteilte Architektur mindestens den ersten Schritt beweisen muss. ",
    "Chinese": "请详细分析为什么这个分布式架构必须首先证明第一步，然后比较并写出风险。",  # noqa: RUF001  # Chinese
    "Korean": "왜 이 분산 아키텍처가 먼저 첫 단계를 증명해야 하는지 자세히 분석하고 비교해 줘. ",
    "Hindi": "विस्तार से समझाओ कि यह वितरित आर्किटेक्चर पहले क्यों सिद्ध होना चाहिए, और तुलना करो। ",
    "quotation marks": 'translate “«「"' + "“«「„",
    "one word": "analys",
    "lines": "why:\n",
}


def measure(text: str, size: int) -> float:
    query = (text * (size // len(text) + 1))[:size]
    features = Features("openai_chat", "m", False, 1, 0, 0, query=query, query_tokens=size // 4, questions=1)
    return median(_batch(features) for _ in range(BATCHES))


def _batch(features: Features) -> float:
    began = time.process_time()
    for _ in range(TIMES):
        classify_request(features)
    return (time.process_time() - began) * 1000 / TIMES


def main() -> int:
    sys.stdout.write("| text | 2 KiB, ms | 16 KiB, ms |\n|---|---:|---:|\n")
    for name, text in TEXTS.items():
        sys.stdout.write(f"| {name} | {measure(text, SMALL):.3f} | {measure(text, LARGE):.3f} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
