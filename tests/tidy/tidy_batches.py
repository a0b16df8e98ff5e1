"""Joins sources of a folder into batches for clang-tidy.

Most of what clang-tidy does for a file it does for the headers below it; a batch of sources,
written one after another into one file, pays for them once. The batch is the main file, so that
the analyzer looks at all of it. Sources that give one name to two things at file scope, which only
their own file sees, do not meet in a batch.
"""

import re

MAX_SOURCES = 16

_DECLARED = (
    re.compile(r"^[A-Za-z_][\w:<>,&*\s\[\]()]*?[\s*&]~?(\w+)\(", re.MULTILINE),
    re.compile(r"^(?:class|struct|union|enum class|enum|using) (\w+)", re.MULTILINE),
    re.compile(r"^(?:static |inline |thread_local )*(?:constexpr|const|constinit) "
               r".*?(\w+)\s*[={\[]", re.MULTILINE),
    re.compile(r"^#define (\w+)", re.MULTILINE),
)
_ANONYMOUS = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
_MACRO = re.compile(r"^#define .*$", re.MULTILINE)


def own_names(text):
    """The names that a source declares for itself alone."""
    own = "\n".join([*_ANONYMOUS.findall(text), *_MACRO.findall(text)])
    return {name for pattern in _DECLARED for name in pattern.findall(own)}


class Batch:
    """Sources that are looked at together."""

    def __init__(self):
        self.paths = []
        self._names = set()

    def takes(self, names):
        return len(self.paths) < MAX_SOURCES and not names & self._names

    def add(self, path, names):
        self.paths.append(path)
        self._names |= names

    def text(self, read):
        """The batch's text; `read` gives that of a source."""
        return "\n".join(read(path) for path in self.paths)


def plan_batches(paths, group_of, read):
    """Batches of `paths`; only those of equal `group_of(path)` meet."""
    batches = {}
    for path in paths:
        names = own_names(read(path))
        group = batches.setdefault(group_of(path), [])
        for batch in group:
            if batch.takes(names):
                break
        else:
            batch = Batch()
            group.append(batch)
        batch.add(path, names)
    return [batch for group in batches.values() for batch in group]
