// --cidfile: the id of a new container for scripts.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// kConflict in docker's words if the file exists.
Result<void> check_cid_file(const std::string& path);

// An empty path is none. What cannot be written whole is not there.
Result<void> write_cid_file(const std::string& path, const std::string& id);

// Of a container that could not be started and is gone.
void remove_cid_file(const std::string& path);

}  // namespace ikada
