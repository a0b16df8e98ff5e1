// Where the etcd of a test is: IKADA_ETCD_ENDPOINTS, with commas, _CA, _CERTIFICATE and _KEY.
#pragma once

#include "cluster/store/etcd_store.h"

namespace ikada {

// Ends the program with a sentence if they are not set.
EtcdOptions etcd_options_from_environment();

}  // namespace ikada
