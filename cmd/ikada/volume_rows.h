// Volumes as `volume ls` shows them and --filter chooses them.
//
// Source: docker-volume-ls(1), docker-volume-inspect(1).
#pragma once

#include <string>
#include <vector>

#include "cluster/engine/layout.h"
#include "cluster/engine/volumes.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// A row for table.h.
Json volume_row(const LocalVolume& volume);

// As `volume inspect` prints it.
Json describe_volume(const LocalVolume& volume);

// Those for which every filter holds: name=PART, dangling=true, label=KEY[=VALUE], label!=KEY,
// driver=local. kInvalid for others.
Result<std::vector<LocalVolume>> filter_volumes(const EngineLayout& layout,
                                                std::vector<LocalVolume> volumes,
                                                const std::vector<std::string>& filters);

}  // namespace ikada
