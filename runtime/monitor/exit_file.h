// The file that says how a container ended, which has to be written even when the disk is full.
//
// Its space is taken when the container starts: PATH.reserved holds as many bytes as any record
// needs. At the end the record is written over them, which needs no new block, and the file gets
// its name. A reader sees no record or a whole one, followed by blanks.
#pragma once

#include <string>

#include "runtime/base/atomic_file.h"
#include "runtime/base/result.h"
#include "runtime/monitor/options.h"

namespace ikada {

// Takes the space for write_exit_record(). Errors are for whoever starts the container.
Result<void> reserve_exit_record(const std::string& path);

// Uses the reserved space if there is some.
Result<void> write_exit_record(const std::string& path,
                               const ExitRecord& record,
                               Durability durability);

}  // namespace ikada
