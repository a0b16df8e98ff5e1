#include "runtime/sys/shared_library.h"

#include <dlfcn.h>

namespace ikada {

Result<SharedLibrary> SharedLibrary::open(const char* name) {
  void* const handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return make_error(ErrorKind::kUnavailable, "load {}: {}", name, ::dlerror());
  }
  return SharedLibrary(name, handle);
}

Result<void*> SharedLibrary::find_address(const char* symbol) const {
  void* const address = ::dlsym(handle_, symbol);
  if (address == nullptr) {
    return make_error(ErrorKind::kUnavailable, "{} has no function {}", name_, symbol);
  }
  return address;
}

}  // namespace ikada
