// The content of one store into another, empty one: keys and values as of one moment. Revisions are
// the other's own; leases and the keys that hang on them stay behind.
#pragma once

#include "cluster/store/store.h"

namespace ikada {

// How many keys. kConflict if `to` has one of them already.
Result<size_t> copy_store(Store& from, Store& to);

}  // namespace ikada
