"""Metrics that find a child which they have made before by its label values alone.

`labels` of prometheus-client converts and checks all values and takes a lock at each call. The children kept are those
of the metric: the words of the configuration and some of ours.
"""

from typing import Self

import prometheus_client


class Counter(prometheus_client.Counter):
    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        if labelkwargs:
            return super().labels(*labelvalues, **labelkwargs)
        kept: dict[tuple[object, ...], Self] = vars(self).setdefault("_kept", {})
        if (found := kept.get(labelvalues)) is None:
            found = kept[labelvalues] = super().labels(*labelvalues)
        return found


class Histogram(prometheus_client.Histogram):
    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        if labelkwargs:
            return super().labels(*labelvalues, **labelkwargs)
        kept: dict[tuple[object, ...], Self] = vars(self).setdefault("_kept", {})
        if (found := kept.get(labelvalues)) is None:
            found = kept[labelvalues] = super().labels(*labelvalues)
        return found
