"""Which folder may include which: includes point downwards only (ARCHITECTURE.md, "Layers")."""

TOP_FOLDERS = ("runtime", "image", "net", "cluster", "cmd", "tests")

# Folders by layer, lowest first. Those of one layer are strangers, except for BESIDE.
LAYERS = [
    ["runtime/base"],
    ["runtime/sys"],
    ["runtime", "image", "net"],
    ["cluster/model", "cluster/state", "cluster/engine", "cluster/logstore"],
    ["cluster/scheduler", "cluster/service", "cluster/batch", "cluster/autoscaling",
     "cluster/loadbalancing"],
    ["cluster/api", "cluster/auth", "cluster/console", "cluster/agent", "cluster/store",
     "cluster/gossip", "cluster/node", "cluster/proxy"],
    ["cluster/http"],
    ["cluster/registry"],
    ["cluster/daemon"],
    ["cmd/ikada", "cmd/ikadad", "cmd/ikada-runtime"],
]
BESIDE = {
    "cluster/state": ("cluster/model",),
    "cluster/logstore": ("cluster/engine",),
    "cluster/api": ("cluster/auth", "cluster/store"),
    "cluster/agent": ("cluster/gossip",),
    "cluster/node": ("cluster/agent", "cluster/auth", "cluster/gossip", "cluster/store"),
}
# Pure functions of state and time: they know the nouns and the floor, and nothing that acts.
PURE = ("cluster/model", "cluster/state", *LAYERS[4])
PURE_MAY = ("runtime/base", "cluster/model", "cluster/state")

_LEVEL = {folder: level for level, folders in enumerate(LAYERS) for folder in folders}


def folder_of(path):
    """The folder of the table that a file belongs to, or None."""
    parts = path.split("/")
    for length in (2, 1):
        folder = "/".join(parts[:length])
        if folder in _LEVEL:
            return folder
    return None


def may_include(path, target):
    """Whether the file at `path` may include the file at `target`."""
    own, other = folder_of(path), folder_of(target)
    if own is None or other is None:
        return False
    if own == other or other in BESIDE.get(own, ()):
        return True
    if own in PURE and other not in PURE_MAY:
        return False
    return _LEVEL[other] < _LEVEL[own]
