// The image store of this host as the commands use it.
#pragma once

#include "cmd/ikada/context.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// kDenied unless we are root.
Result<ImageStore> open_store(const Context& context);

}  // namespace ikada
