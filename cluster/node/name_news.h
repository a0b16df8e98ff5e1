// The names of the cluster's tasks (name_table.h) as a manager makes them of its state and tells
// them to the other hosts. Pure.
//
// Whole after a connection was made, then what has changed; null for an entry that has gone:
//
//   {"tell": "names", "body": {"all": true, "entries": {ID: {"names": ["web.default", …], …}}}}
//   {"tell": "names", "body": {"entries": {ID: null}}}
//
// A load balancer's name stands for its own address, or for all managers: for those that are lost,
// drain or become workers only while there are no others. One that runs no tasks is never known to
// be lost.
//
// A task has names from the moment it is RUNNING until it is told to stop, which is before it gets
// its signal; not while it is UNHEALTHY, nor, with a health check, before it is HEALTHY, nor
// without an address (mode none, virtual instances).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/node/frames.h"
#include "cluster/node/name_table.h"
#include "cluster/state/record_key.h"
#include "cluster/state/state.h"

namespace ikada {

using NameChanges = std::map<std::string, std::optional<NameEntry>>;

// Of one task of that cluster; nothing if it has no names now.
std::optional<NameEntry> name_entry(const ScopeState& scope,
                                    const std::string& cluster,
                                    const Task& task);
NameEntries name_entries(const ScopeState& scope);

// What is different in `scope` from `before`, after a change of that record ("": of any), which is
// made in `before`, too.
NameChanges take_name_changes(const ScopeState& scope, std::string_view key, NameEntries& before);

News all_names_news(const NameEntries& entries);
News name_changes_news(const NameChanges& changes);

// False for news of something else. kInvalid leaves the table as it is.
Result<bool> take_name_news(const News& news, NameTable& table);

}  // namespace ikada
