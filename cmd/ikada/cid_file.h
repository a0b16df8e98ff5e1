// --cidfile: the id of a new container for scripts.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// kConflict in docker's words if the file exists.
Result<void> check_cid_file(const std::string& path);

// An empty path is none.
Result<void> write_cid_file(const std::string& path, const std::string& id);

}  // namespace ikada
