// The errors of store.h, as the stores make them.
#pragma once

#include <string_view>

#include "cluster/store/store.h"

namespace ikada {

// `why` as in "sqlite: disk I/O error".
Error store_unavailable(std::string_view why);
Error outcome_unknown(std::string_view why);
Error store_full(std::string_view why);
Error revision_compacted(Revision asked, Revision compacted);
Error lease_gone(LeaseId id);
Error watch_cancelled();

}  // namespace ikada
