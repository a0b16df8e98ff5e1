// Tasks as rows of a table (table.h).
#pragma once

#include "runtime/base/clock.h"
#include "runtime/base/json.h"

namespace ikada {

// Of a task as DescribeTasks answers it; `truncate` shortens ids.
Json task_row(const Json& task, bool truncate, UnixNanos now);

}  // namespace ikada
