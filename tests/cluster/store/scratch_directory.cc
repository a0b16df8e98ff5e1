#include "tests/cluster/store/scratch_directory.h"

#include <stdlib.h>

#include "runtime/sys/file.h"

namespace ikada {

ScratchDirectory::ScratchDirectory() : path_("/tmp/ikada-store-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) ::abort();
}

ScratchDirectory::~ScratchDirectory() { static_cast<void>(remove_tree(path_).has_value()); }

}  // namespace ikada
