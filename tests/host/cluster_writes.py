"""Changes that are asked of a cluster all the time, and what became of each."""

import threading
import time


class Writer(threading.Thread):
    """Creates clusters one after another and keeps what was acknowledged and what was not."""

    def __init__(self, host, prefix="w", pause_s=0.0):
        super().__init__(daemon=True)
        self.host, self.prefix, self.pause_s = host, prefix, pause_s
        self.acknowledged, self.refused, self.longest_s = [], [], 0.0
        self.is_over = False
        self.start()

    def run(self):
        number = 0
        while not self.is_over:
            name = f"{self.prefix}{number}"
            number += 1
            start = time.monotonic()
            try:
                answer = self.host.api("CreateCluster", clusterName=name)
                (self.acknowledged if "cluster" in answer else self.refused).append(name)
            except (AssertionError, ValueError) as error:
                self.refused.append(f"{name}: {error}")
            self.longest_s = max(self.longest_s, time.monotonic() - start)
            time.sleep(self.pause_s)

    def end(self):
        self.is_over = True
        self.join(timeout=60)
        return self


def cluster_names(host):
    names, more = [], {}
    while True:
        answer = host.api("ListClusters", **more)
        names += [arn.rsplit("/", 1)[1] for arn in answer["clusterArns"]]
        if not answer.get("nextToken"):
            return set(names)
        more = {"nextToken": answer["nextToken"]}
