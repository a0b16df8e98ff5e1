#include "cmd/ikada/open_store.h"

#include <unistd.h>

namespace ikada {

Result<ImageStore> open_store(const Context& context) {
  if (::geteuid() != 0) {
    return make_error(ErrorKind::kDenied, "permission denied: ikada has to run as root");
  }
  return ImageStore::open(context.root);
}

}  // namespace ikada
